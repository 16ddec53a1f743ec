/* Networks under AdamW in single precision: the model of numerics.train, compiled.

   A network has n rows (features) and m columns (neurons) of weights W. Its loss is
   |ReLU(W W^T) - 1|^2 + 4 lam |W|_1, with the gradient 4 (ReLU(W W^T) - 1) W + 4 lam sign(W), where
   sign(0) = 0. A step is that of numerics/training/adaptive.py, AdamW: means of the gradient and of
   its square, both corrected for their start at zero, and a decay of the weights apart from them.

   With counts, the program trains the reduced model of numerics/optimizer/reduced.py instead: a
   weight stands for so many equal ones of its row, and stays at zero when it has reached it. A bin
   is a column in which all other rows are zero, so that it meets none of them.

   Two shortcuts. A network ends when every row has one weight above WON and the others below LOST,
   or has died, and no two rows share a neuron with one sign. And if asked, neurons whose weights
   have all changed their sign since the start are left out: l1 keeps such weights near zero. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LANES = 16, ROWS = 4, BLOCK = 64 }; /* padding of columns and rows; columns of a block */
enum { PACK_EVERY = 20, LOOK_EVERY = 25, LOOK_FROM = 500, DEAD_FROM = 3000 }; /* steps */
static const float WON = .85f, LOST = .1f, DEAD = .03f, EPSILON = 1e-8f, WORTH_PACKING = .85f;

typedef struct {
    float lam, rate, beta1, beta2, decay;
    int steps, warm_up, leave_out;
} Setting;

typedef struct {
    int rows, padded, width;
    float *weight, *first, *second, *count; /* padded x width; count: NULL in a whole network */
    float *sign;     /* of the weight at the start; 0 once the weight has lost it */
    float *product;  /* padded x padded: 4 (ReLU(W W^T) - 1) */
    float *gradient; /* padded x BLOCK */
    int *column;     /* where each column stood at the start; -1: nowhere */
    int *chosen;     /* space for the numbers of rows or columns */
} Network;

typedef struct { float beta1, beta2, root, rate, keep, l1; } Step;

static Step step_of(const Setting *s, int t) {
    double rate = t <= s->warm_up ? (double)s->rate * t / s->warm_up : s->rate;
    return (Step){s->beta1, s->beta2, 1 / sqrt(1 - pow(s->beta2, t)),
                  rate / (1 - pow(s->beta1, t)), 1 - rate * s->decay, 4 * s->lam};
}

static float *row(const Network *net, int i) { return net->weight + (size_t)i * net->width; }

/* Products of two rows, i and the next, with four, from j on. */
static void dots(const Network *net, int i, int j, float *out) {
    const float *restrict a = row(net, i), *restrict b = row(net, i + 1), *restrict w = row(net, j);
    const float *restrict x = row(net, j + 1), *restrict y = row(net, j + 2);
    const float *restrict z = row(net, j + 3);
    float aw = 0, ax = 0, ay = 0, az = 0, bw = 0, bx = 0, by = 0, bz = 0;
#pragma omp simd reduction(+ : aw, ax, ay, az, bw, bx, by, bz)
    for (int c = 0; c < net->width; c++) {
        aw += a[c] * w[c], ax += a[c] * x[c], ay += a[c] * y[c], az += a[c] * z[c];
        bw += b[c] * w[c], bx += b[c] * x[c], by += b[c] * y[c], bz += b[c] * z[c];
    }
    memcpy(out, (float[]){aw, ax, ay, az, bw, bx, by, bz}, 8 * sizeof(float));
}

static float squared_length(const Network *net, int i) {
    const float *restrict w = row(net, i), *restrict count = net->count + (size_t)i * net->width;
    float sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int c = 0; c < net->width; c++) sum += count[c] * w[c] * w[c];
    return sum;
}

static void multiply_rows(Network *net) {
    int n = net->padded;
    float found[2][4], *d = net->product;
    for (int i = 0; i < net->rows; i += 2)
        for (int j = 0; j <= i; j += ROWS) {
            dots(net, i, j, found[0]);
            for (int p = 0; p < 2; p++)
                for (int q = 0; q < 4; q++)
                    d[(i + p) * n + j + q] = d[(j + q) * n + i + p] = 4 * fmaxf(found[p][q], 0);
        }
    for (int i = 0; i < net->rows; i++)
        d[i * n + i] = (net->count ? 4 * squared_length(net, i) : d[i * n + i]) - 4;
}

/* The gradient of the loss without l1, of one row in some columns. */
static void gradient(const Network *net, int i, int from, int length, float *restrict out) {
    memset(out, 0, BLOCK * sizeof(float));
    for (int j = 0; j < net->padded; j += ROWS) {
        const float *restrict w = row(net, j) + from, *restrict x = row(net, j + 1) + from;
        const float *restrict y = row(net, j + 2) + from, *restrict z = row(net, j + 3) + from;
        const float *d = net->product + (size_t)i * net->padded + j;
        for (int c = 0; c < length; c++)
            out[c] += d[0] * w[c] + d[1] * x[c] + d[2] * y[c] + d[3] * z[c];
    }
}

static void move(Step s, int stays, int length, const float *restrict gradient,
                 float *restrict weight, float *restrict first, float *restrict second) {
    for (int c = 0; c < length; c++) {
        float w = weight[c];
        float g = gradient[c] + (w > 0 ? s.l1 : 0.f) - (w < 0 ? s.l1 : 0.f);
        first[c] = s.beta1 * first[c] + (1 - s.beta1) * g;
        second[c] = s.beta2 * second[c] + (1 - s.beta2) * g * g;
        float moved = s.keep * w - s.rate * first[c] / (sqrtf(second[c]) * s.root + EPSILON);
        weight[c] = stays && moved * w <= 0 ? 0 : moved;
    }
}

static void take_step(Network *net, Step s) {
    multiply_rows(net);
    for (int from = 0; from < net->width; from += BLOCK) {
        int length = net->width - from < BLOCK ? net->width - from : BLOCK;
        for (int i = 0; i < net->rows; i++)
            gradient(net, i, from, length, net->gradient + i * BLOCK);
        for (int i = 0; i < net->rows; i++) {
            size_t at = (size_t)i * net->width + from;
            move(s, net->count != NULL, length, net->gradient + i * BLOCK, net->weight + at,
                 net->first + at, net->second + at);
        }
    }
}

/* Whether a row has one weight left, in the column that is noted, or none. */
static int row_ended(const Network *net, int t, const float *w, int *neuron) {
    float largest = 0, next = 0;
    for (int c = 0; c < net->width; c++) {
        float size = fabsf(w[c]);
        if (size > largest) next = largest, largest = size, *neuron = c;
        else if (size > next) next = size;
    }
    return largest > WON ? next < LOST : t > DEAD_FROM && largest <= (net->count ? 0 : DEAD);
}

static int ended(const Network *net, int t) {
    for (int i = 0; i < net->rows; i++) {
        int neuron = 0;
        if (!row_ended(net, t, row(net, i), &neuron)) return 0;
        net->chosen[i] = neuron;
        for (int j = 0; j < i; j++) /* two rows share a neuron if both weights are above WON */
            if (net->chosen[j] == neuron && row(net, i)[neuron] * row(net, j)[neuron] > WON * WON)
                return 0;
    }
    return 1;
}

/* Note the columns in which a weight still has its sign; their number. */
static int choose_columns(const Network *net) {
    int left = 0;
    for (int c = 0; c < net->width; c++) {
        int any = 0;
        for (int i = 0; i < net->rows; i++) {
            size_t at = (size_t)i * net->width + c;
            if (net->weight[at] * net->sign[at] <= 0) net->sign[at] = 0;
            any |= net->sign[at] != 0;
        }
        if (any) net->chosen[left++] = c;
    }
    return left;
}

static int rounded_up(int number, int unit) { return (number + unit - 1) / unit * unit; }

static void leave_out_columns(Network *net) {
    int left = choose_columns(net), width = rounded_up(left, LANES);
    if (width > WORTH_PACKING * net->width) return;
    float *arrays[] = {net->weight, net->first, net->second, net->sign, net->count};
    for (int k = 0; k < (net->count ? 5 : 4); k++)
        for (int i = 0; i < net->padded; i++)
            for (int c = 0; c < width; c++)
                arrays[k][(size_t)i * width + c] =
                    c < left ? arrays[k][(size_t)i * net->width + net->chosen[c]] : 0;
    for (int c = 0; c < width; c++) net->column[c] = c < left ? net->column[net->chosen[c]] : -1;
    net->width = width;
}

/* Floats or ints that start a cache line; elsewhere the loops take up to half as long again. */
static void *zeros(size_t number) {
    size_t bytes = (4 * number + 63) / 64 * 64;
    return memset(aligned_alloc(64, bytes), 0, bytes);
}

static Network start(const float *weights, const float *counts, int n, int m) {
    int padded = rounded_up(n, ROWS), width = rounded_up(m, LANES);
    size_t size = (size_t)padded * width;
    Network net = {n, padded, width, zeros(size), zeros(size), zeros(size),
                   counts ? zeros(size) : NULL, zeros(size), zeros((size_t)padded * padded),
                   zeros((size_t)padded * BLOCK), zeros(width), zeros(n + width)};
    for (int i = 0; i < n; i++)
        for (int c = 0; c < m; c++) {
            size_t from = (size_t)i * m + c, to = (size_t)i * width + c;
            net.weight[to] = weights[from];
            net.sign[to] = (weights[from] > 0) - (weights[from] < 0);
            if (counts) net.count[to] = counts[from];
        }
    for (int c = 0; c < width; c++) net.column[c] = c < m ? c : -1;
    return net;
}

static void finish(Network *net, float *weights, int m) {
    memset(weights, 0, sizeof(float) * net->rows * m);
    for (int i = 0; i < net->rows; i++)
        for (int c = 0; c < net->width; c++)
            if (net->column[c] >= 0) weights[(size_t)i * m + net->column[c]] = row(net, i)[c];
    void *arrays[] = {net->weight, net->first, net->second, net->count, net->sign,
                      net->product, net->gradient, net->column, net->chosen};
    for (int k = 0; k < 9; k++) free(arrays[k]);
}

/* Train a stack of networks x n x m weights in place. counts: NULL, or for the reduced model the
   number of weights that each one stands for. */
void train(float *weights, const float *counts, int networks, int n, int m, const Setting *s) {
    Step *steps = malloc((s->steps + 1) * sizeof(Step));
    for (int t = 1; t <= s->steps; t++) steps[t] = step_of(s, t);
    for (int k = 0; k < networks; k++) {
        size_t at = (size_t)k * n * m;
        Network net = start(weights + at, counts ? counts + at : NULL, n, m);
        for (int t = 1; t <= s->steps; t++) {
            take_step(&net, steps[t]);
            if (s->leave_out && t % PACK_EVERY == 0) leave_out_columns(&net);
            if (t % LOOK_EVERY == 0 && t > LOOK_FROM && ended(&net, t)) break;
        }
        finish(&net, weights + at, m);
    }
    free(steps);
}
