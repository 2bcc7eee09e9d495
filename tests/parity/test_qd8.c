// SPDX-License-Identifier: Apache-2.0
// Each int8 GEMM kernel of ours that can run here, whichever XNNPACK would be given, against plain
// integer products, bit for bit; above all, where sums come close to what 16 bits hold.
#include <stdlib.h>

#include "ec_test.h"
#include "kernels/qd8.h"
#include "model.h"

enum { KC_MAX = 104, COLUMNS_MAX = 288, ROWS_MAX = 16, SPARE = 64 };

typedef struct problem {
    size_t kc, columns, nr;
    int8_t weights[COLUMNS_MAX * KC_MAX];  // [columns, kc]
    int8_t x[ROWS_MAX * KC_MAX + SPARE];   // [rows, kc]
    struct xnn_qd8_quantization_params quantization[ROWS_MAX];
} problem;

static uint32_t next_random(uint32_t *state) {
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

// ------------------------------------------------------------- weights

static void fill(problem *p, int limit) {
    uint32_t seed = (uint32_t)(p->kc * p->columns);
    for (size_t i = 0; i < p->kc * p->columns; i++) {
        p->weights[i] = (int8_t)((int)(next_random(&seed) % (2 * (uint32_t)limit + 1)) - limit);
    }
}

// With whole columns at the limits: the largest sums there can be.
static void make_large(problem *p) {
    fill(p, EC_WEIGHT_MAX);
    memset(p->weights, EC_WEIGHT_MAX, p->kc);
    memset(p->weights + p->kc, -EC_WEIGHT_MAX, p->kc);
}

// Eight weights of a column meet in 16 bits: two neighbours of each of EC_QD8_MANY blocks. The next
// functions give the FIRST of them one sign, the rest the other.
enum {
    BLOCK = EC_QD8_KR,
    GROUP = EC_QD8_MANY * BLOCK,
    FIRST = 5,
    SUM_MAX = INT16_MAX / EC_ACTIVATION_MAX
};

static bool is_first(size_t k) { return k % GROUP / BLOCK * 2 + k % 2 < FIRST; }

// The FIRST add up to `sum`; the rest are as large as can be.
static void put_sum(int8_t *column, size_t group, size_t lane, int sum) {
    const int limit = sum < 0 ? -EC_WEIGHT_MAX : EC_WEIGHT_MAX;
    for (size_t i = 0; i < 2 * EC_QD8_MANY; i++) {
        int8_t *weight = column + group * GROUP + i / 2 * BLOCK + lane * 2 + i % 2;
        *weight = (int8_t)(i < FIRST ? limit : -limit);
        if (i == FIRST - 1) {
            *weight = (int8_t)(sum - (FIRST - 1) * limit);
        }
    }
}

// One sum in each column, positive or negative, as large as still fits; in each place in turn.
static void make_fitting(problem *p) {
    fill(p, SUM_MAX / (2 * EC_QD8_MANY));
    const size_t places = p->kc / GROUP * 2;
    for (size_t i = 0; places > 0 && i < p->columns; i++) {
        const size_t place = i / 2 % places;
        put_sum(p->weights + i * p->kc, place / 2, place % 2, i % 2 ? SUM_MAX : -SUM_MAX);
    }
}

// The same, but one sum in each panel is too large by one; in each column and place in turn.
static void make_overflowing(problem *p) {
    make_fitting(p);
    const size_t places = p->kc / GROUP * 2;
    for (size_t i = 0; places > 0 && i * p->nr + i % p->nr < p->columns; i++) {
        const size_t place = i / 2 % places;
        int8_t *column = p->weights + (i * p->nr + i % p->nr) * p->kc;
        put_sum(column, place / 2, place % 2, i % 2 ? SUM_MAX + 1 : -SUM_MAX - 1);
    }
}

// ------------------------------------------------------------- kernels

// The first rows bring the sums of weights of one sign to their limits, the others are random.
static void make_rows(problem *p) {
    uint32_t seed = 1;
    for (size_t i = 0; i < sizeof p->x; i++) {
        p->x[i] = (int8_t)(next_random(&seed) % (EC_ACTIVATION_MAX + 1));
    }
    for (size_t k = 0; k < p->kc; k++) {
        p->x[k] = is_first(k) ? EC_ACTIVATION_MAX : 0;
        p->x[p->kc + k] = EC_ACTIVATION_MAX;
        p->x[2 * p->kc + k] = is_first(k) ? 0 : EC_ACTIVATION_MAX;
    }
    for (size_t row = 0; row < ROWS_MAX; row++) {
        p->quantization[row].zero_point = (int32_t)(next_random(&seed) % (EC_ACTIVATION_MAX + 1));
        p->quantization[row].inv_scale = 1;
    }
}

// As XNNPACK does it. The caller frees.
static int8_t *pack(const struct xnn_gemm_config *config, const problem *p) {
    const size_t nr = config->nr, kr = (size_t)1 << config->log2_kr;
    const size_t extra = 2 * nr * sizeof(float), panels = (p->columns + nr - 1) / nr;
    const size_t size = nr * (sizeof(int32_t) + (p->kc + kr - 1) / kr * kr) + extra;
    int8_t *packed = calloc(panels, size);
    if (packed != NULL) {
        config->pack_gemm_goi(1, p->columns, p->kc, nr, kr, 1, p->weights, NULL, NULL, packed,
                              extra, NULL);
        for (size_t n = 0; n < panels * nr; n++) {
            const float scale = 1, bias = (float)n - 3;
            int8_t *end = packed + (n / nr + 1) * size - extra + n % nr * sizeof(float);
            memcpy(end, &scale, sizeof scale);
            memcpy(end + extra / 2, &bias, sizeof bias);
        }
    }
    return packed;
}

static float expected(const problem *p, size_t row, size_t column) {
    int32_t sum = 0;
    for (size_t k = 0; k < p->kc; k++) {
        sum += (p->x[row * p->kc + k] - p->quantization[row].zero_point) *
               p->weights[column * p->kc + k];
    }
    return (float)sum + (float)column - 3;
}

static bool run_exact(const struct xnn_gemm_config *config, const problem *p, const int8_t *packed,
                      size_t rows) {
    static float y[ROWS_MAX * COLUMNS_MAX + 1];
    const float untouched = -1.5f;
    y[rows * p->columns] = untouched;
    config->minmax.dqgemm[rows - 1].function[XNN_UARCH_DEFAULT](
        rows, p->columns, p->kc, p->x, p->kc, packed, y, p->columns * sizeof *y,
        config->nr * sizeof *y, NULL, p->quantization);
    bool exact = y[rows * p->columns] == untouched;
    for (size_t i = 0; i < rows * p->columns; i++) {
        exact = exact && y[i] == expected(p, i / p->columns, i % p->columns);
    }
    return exact;
}

static void check_kernel(const struct xnn_gemm_config *config, problem *p) {
    int8_t *packed = pack(config, p);
    if (!EC_CHECK(packed != NULL)) {
        return;
    }
    make_rows(p);
    for (size_t rows = 1; rows <= config->mr; rows++) {
        EC_CHECK(run_exact(config, p, packed, rows));
    }
    free(packed);
}

static void test_kernel(const struct xnn_gemm_config *config) {
    static problem p;
    static const size_t shapes[][2] = {
        {8, 8},   {10, 23},          {16, 64}, {24, 17},
        {42, 67}, {48, COLUMNS_MAX}, {50, 31}, {KC_MAX, COLUMNS_MAX}};
    void (*const makers[])(problem *) = {make_large, make_fitting, make_overflowing};
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        for (size_t j = 0; j < sizeof makers / sizeof *makers; j++) {
            p.kc = shapes[i][0];
            p.columns = shapes[i][1];
            p.nr = config->nr;
            makers[j](&p);
            check_kernel(config, &p);
        }
    }
}

#if defined(__wasm_relaxed_simd__)

static void test_kernels(struct xnn_hardware_config hardware) {
    struct xnn_gemm_config config = {0};
    hardware.use_wasm_sdot = hardware.use_wasm_usdot = false;
    ec_plug_wasm(&config, &hardware);
    test_kernel(&config);
    hardware.use_wasm_sdot = true;
    ec_plug_wasm(&config, &hardware);
    test_kernel(&config);
}

#elif defined(__wasm__)

static void test_kernels(struct xnn_hardware_config hardware) {
    struct xnn_gemm_config config = {0};
    ec_plug_wasm(&config, &hardware);
    test_kernel(&config);
}

#elif defined(__x86_64__)

// Each in the place of XNNPACK's kernel that it is meant for.
static void test_kernels(struct xnn_hardware_config hardware) {
    if (hardware.use_x86_avx2) {
        struct xnn_gemm_config config = {.mr = 4, .nr = 8};
        ec_plug_avx2(&config, &hardware);
        test_kernel(&config);
    }
    if (hardware.use_x86_avx512vnni) {
        struct xnn_gemm_config config = {.mr = 10, .nr = 16};
        ec_plug_avx512vnni(&config, &hardware);
        test_kernel(&config);
    }
}

#endif

int main(void) {
    const struct xnn_hardware_config *hardware = xnn_init_hardware_config();
    if (EC_CHECK(hardware != NULL)) {
        test_kernels(*hardware);
    }
    return ec_test_result();
}
