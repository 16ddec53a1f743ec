from .figures import Plot as Plot
from .predictions import Prediction as Prediction
from .predictions import Predictions as Predictions
from .predictions import predict as predict
from .tables import Table as Table
