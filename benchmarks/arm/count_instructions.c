/* A qemu plugin that counts the A64 instructions of a guest by class.
 *
 *   gcc -shared -fPIC -O2 -o count_instructions.so count_instructions.c
 *   qemu-aarch64 -plugin ./count_instructions.so ... PROGRAM
 *
 * At each getppid() of the guest one line goes to stderr: "COUNTS" and
 * name=value for all classes since the start. The counters are not atomic: the
 * guest must compute in one thread.
 *
 * The encodings are those of the Arm Architecture Reference Manual, C4.1
 * ("A64 instruction set encoding"). Declared here is what the plugin interface
 * of version 1 and later offers under these names, so that no header of qemu
 * is needed to compile it.
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

typedef uint64_t qemu_plugin_id_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
typedef void (*translated)(qemu_plugin_id_t, struct qemu_plugin_tb *);
typedef void (*called)(qemu_plugin_id_t, unsigned, int64_t, uint64_t, uint64_t,
                       uint64_t, uint64_t, uint64_t, uint64_t, uint64_t,
                       uint64_t);
void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t, translated);
void qemu_plugin_register_vcpu_syscall_cb(qemu_plugin_id_t, called);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *,
                                                 size_t);
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *);
void qemu_plugin_register_vcpu_tb_exec_inline(struct qemu_plugin_tb *, int,
                                              void *, uint64_t);

#define EXPORTED __attribute__((visibility("default")))
EXPORTED int qemu_plugin_version = 1;

enum { ADD_U64 = 0 }; /* QEMU_PLUGIN_INLINE_ADD_U64 */
enum { GETPPID = 173 }; /* Of the guest, asm-generic/unistd.h. */

enum {
  TOTAL,        /* all of them */
  FP32_MAC,     /* fmla, fmls of single precision */
  FP16_MAC,     /* fmla, fmls of half precision */
  INT8_DOT,     /* sdot, udot */
  INT8_MATMUL,  /* smmla, ummla, usmmla */
  INT_MAC,      /* smlal, umlal and their subtractions and products */
  FP16_OTHER,   /* other arithmetic of half precision */
  FP16_CONVERT, /* fcvtn, fcvtl */
  SIMD_OTHER,   /* all other SIMD and floating point */
  SIMD_LOAD,
  SIMD_STORE,
  LOAD_STORE,   /* of general registers */
  SVE,
  SME,
  CLASSES
};
static const char *const names[CLASSES] = {
    "total",        "fp32_mac",   "fp16_mac",  "int8_dot",   "int8_matmul",
    "int_mac",      "fp16_other", "fp16_convert", "simd_other", "simd_load",
    "simd_store",   "load_store", "sve",       "sme"};
static uint64_t counters[CLASSES];

/* A row holds if (instruction & mask) == value; the first one that does. */
static const struct {
  uint32_t mask, value;
  int class;
} simd[] = {
    {0xBF60FC00, 0x0E20CC00, FP32_MAC}, /* FMLA, FMLS (vector) */
    {0xBFC0B400, 0x0F801000, FP32_MAC}, /* FMLA, FMLS (by element) */
    {0xBF60FC00, 0x0E400C00, FP16_MAC}, /* FMLA, FMLS (vector, half) */
    {0xBFC0B400, 0x0F001000, FP16_MAC}, /* FMLA, FMLS (by element, half) */
    {0x9FE0FC00, 0x0E809400, INT8_DOT}, /* SDOT, UDOT (vector) */
    {0x9FC0F400, 0x0F80E000, INT8_DOT}, /* SDOT, UDOT (by element) */
    {0xDFE0F400, 0x4E80A400, INT8_MATMUL}, /* SMMLA, UMMLA, USMMLA */
    {0x9F20DC00, 0x0E208000, INT_MAC}, /* [SU]MLAL, [SU]MLSL (vector) */
    {0x9F20FC00, 0x0E20C000, INT_MAC}, /* [SU]MULL (vector) */
    {0x9F00B400, 0x0F002000, INT_MAC}, /* [SU]MLAL, [SU]MLSL (by element) */
    {0x9F00F400, 0x0F00A000, INT_MAC}, /* [SU]MULL (by element) */
    {0xBFFFEC00, 0x0E216800, FP16_CONVERT}, /* FCVTN, FCVTL */
    {0x9F60C400, 0x0E400400, FP16_OTHER}, /* three registers, half */
    {0x9F7E0C00, 0x0E780800, FP16_OTHER}, /* two registers, half */
};

static int is_load(uint32_t i) {
  if ((i & 0x3B000000) == 0x18000000) return 1; /* LDR (literal) */
  return (i >> 22) & 1; /* The L bit of structures, pairs and registers. */
}

/* Returns the class, or TOTAL for what has none of its own. */
static int class_of(uint32_t i) {
  uint32_t op0 = (i >> 25) & 15;
  if (op0 == 2) return SVE;
  if (op0 == 0) return i >> 31 ? SME : TOTAL;
  if ((op0 & 5) == 4) { /* Loads and stores. */
    if (!(i & (1u << 26))) return LOAD_STORE;
    return is_load(i) ? SIMD_LOAD : SIMD_STORE;
  }
  if ((op0 & 7) == 7) { /* Scalar and vector arithmetic. */
    for (size_t k = 0; k < sizeof simd / sizeof *simd; k++)
      if ((i & simd[k].mask) == simd[k].value) return simd[k].class;
    return SIMD_OTHER;
  }
  return TOTAL;
}

static void count_block(qemu_plugin_id_t id, struct qemu_plugin_tb *block) {
  uint64_t found[CLASSES] = {0};
  size_t length = qemu_plugin_tb_n_insns(block);
  (void)id;
  for (size_t k = 0; k < length; k++) {
    uint32_t word;
    memcpy(&word, qemu_plugin_insn_data(qemu_plugin_tb_get_insn(block, k)), 4);
    int class = class_of(word);
    if (class != TOTAL) found[class]++;
  }
  found[TOTAL] = length;
  for (int k = 0; k < CLASSES; k++)
    if (found[k])
      qemu_plugin_register_vcpu_tb_exec_inline(block, ADD_U64, &counters[k],
                                               found[k]);
}

static void print_at_mark(qemu_plugin_id_t id, unsigned cpu, int64_t number,
                          uint64_t a, uint64_t b, uint64_t c, uint64_t d,
                          uint64_t e, uint64_t f, uint64_t g, uint64_t h) {
  (void)id, (void)cpu, (void)a, (void)b, (void)c, (void)d;
  (void)e, (void)f, (void)g, (void)h;
  if (number != GETPPID) return;
  fprintf(stderr, "COUNTS");
  for (int k = 0; k < CLASSES; k++)
    fprintf(stderr, " %s=%llu", names[k], (unsigned long long)counters[k]);
  fprintf(stderr, "\n");
  fflush(stderr);
}

EXPORTED int qemu_plugin_install(qemu_plugin_id_t id, const void *info,
                                 int argc, char **argv) {
  (void)info, (void)argc, (void)argv;
  qemu_plugin_register_vcpu_tb_trans_cb(id, count_block);
  qemu_plugin_register_vcpu_syscall_cb(id, print_at_mark);
  return 0;
}
