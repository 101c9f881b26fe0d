/* test_cuda_double.c - does the fake driver notice what it says it does? A check that cannot fail
 * is none.
 *
 * Each case is a process of its own that has booted as far as its scene says, and then does one
 * wrong thing: the fake must end it with the words of that check. Then calls that a driver answers
 * with an error, what FAKE_CUDA_FAIL can say, and one life without a fault, which no check may end.
 * A plain program: it forks. Exit 0 or 1.
 *
 * Where it ran: CPU only, on the fake. Shows nothing of a GPU. Next: fake_cuda/fake_cuda.h. */
#include <dlfcn.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/cuda_driver.h"
#include "include/grosr/grosr.h"
#include "port/port.h"
#include "shared/dev.h"
#include "shared/image.h"

/* The kernel that stays resident until this is 1. */
static gr_au32 is_to_end;

static void stay(struct gr_dev *dev, uint32_t team_id, uint32_t incarnation)
{
  (void)dev;
  (void)team_id;
  (void)incarnation;
  while (gr_load_acquire_gpu_u32(&is_to_end) == 0u) {
    gr_nap(100000u);
  }
}

extern const struct grosr_image grosr_image_double; /* the fake looks for it by name */
static const unsigned char fatbin[64] __attribute__((aligned(64))) = {0x50, 0xed, 0x55, 0xba};
static const unsigned char no_fatbin[64] __attribute__((aligned(64))) = {1};
const struct grosr_image grosr_image_double = {
    .abi = 0, .name = "double", .kernel_name = "grosr_kernel_double", .cpu_main = stay};

enum stage { OPENED, CURRENT, BOOTED, RESIDENT, RESTING };
struct scene {
  const struct gr_cuda_driver *cuda;
  struct CUctx_st *context, *other;
  struct CUmod_st *module;
  struct CUfunc_st *function;
  struct CUstream_st *stream, *copies, *none;
  unsigned long long memory;
  char *page; /* registered */
  void *params[2];
  struct gr_dev *dev;
  uint32_t incarnation;
  int number;
  unsigned mode;
};

/* What a correct program does must go well. */
static void must(unsigned code, const char *what)
{
  if (code != 0) {
    printf("%s answered %u\n", what, code);
    fflush(stdout);
    _exit(3);
  }
}
#define MUST(call) must(s->cuda->call, #call)

static unsigned launch(struct scene *s, unsigned blocks)
{
  return s->cuda->LaunchCooperativeKernel(s->function, blocks, 1, 1, 32, 1, 1, 8192, s->stream,
                                          s->params);
}

/* In the scene's context: module, kernel, streams, memory, as the backend does it. */
static void furnish(struct scene *s)
{
  MUST(ModuleLoadData(&s->module, fatbin));
  MUST(ModuleGetFunction(&s->function, s->module, "grosr_kernel_double"));
  MUST(StreamCreate(&s->stream, GR_CU_STREAM_NON_BLOCKING));
  MUST(StreamCreate(&s->copies, GR_CU_STREAM_NON_BLOCKING));
  MUST(MemAlloc(&s->memory, sizeof(struct gr_dev) + 4096u));
  s->page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  MUST(MemHostRegister(s->page, 4096, GR_CU_HOST_PORTABLE | GR_CU_HOST_DEVICEMAP));
  s->dev = (struct gr_dev *)(uintptr_t)s->memory;
  memset(s->dev, 0, sizeof *s->dev);
  s->dev->teams = s->dev->at_once = 1;
  s->params[0] = &s->dev;
  s->params[1] = &s->incarnation;
}

static void boot(struct scene *s, enum stage stage)
{
  if (gr_cuda_driver_open(&s->cuda) != 0) {
    printf("%s\n", grosr_last_error());
    fflush(stdout);
    _exit(3);
  }
  if (stage >= CURRENT) {
    MUST(CtxCreate(&s->other, 0, 0));
    MUST(CtxPopCurrent(&s->other));
    MUST(CtxCreate(&s->context, 0, 0));
  }
  if (stage >= BOOTED) {
    furnish(s);
  }
  if (stage >= RESIDENT) {
    MUST(ModuleGetLoadingMode(&s->mode));
    MUST(FuncGetAttribute(&s->number, GR_CU_FUNC_REGISTERS, s->function));
    must(launch(s, 1), "launch");
  }
  if (stage >= RESTING) {
    gr_store_release_gpu_u32(&is_to_end, 1u);
    while (s->cuda->StreamQuery(s->stream) == GR_CU_NOT_READY) {
      gr_nap(100000u);
    }
  }
}

static void touch(struct scene *s)
{
  MUST(ModuleGetLoadingMode(&s->mode));
  MUST(FuncGetAttribute(&s->number, GR_CU_FUNC_REGISTERS, s->function));
}

static void in_other(struct scene *s)
{
  MUST(CtxPushCurrent(s->other));
}

#define C              s->cuda->
#define RESIDENT_WORDS "while a kernel is resident"
#define AFTER_WORDS    "after the first launch"
/* F(name, scene, words of the check, what is done wrong) */
#define WRONGS(F)                                                                                  \
  F(h1_lazy, BOOTED, "load lazily (H1)", touch(s); launch(s, 1))                                   \
  F(h1_not_asked, BOOTED, "nobody has asked",                                                      \
    MUST(FuncGetAttribute(&s->number, GR_CU_FUNC_REGISTERS, s->function));                         \
    launch(s, 1))                                                                                  \
  F(h1_not_touched, BOOTED, "was not touched", MUST(ModuleGetLoadingMode(&s->mode)); launch(s, 1)) \
  F(h2_alloc, RESIDENT, RESIDENT_WORDS, C MemAlloc(&s->memory, 8))                                 \
  F(h2_free, RESIDENT, RESIDENT_WORDS, C MemFree(s->memory))                                       \
  F(h2_host_alloc, RESIDENT, RESIDENT_WORDS, C MemHostAlloc((void **)&s->page, 8, 0))              \
  F(h2_free_host, RESIDENT, RESIDENT_WORDS, C MemFreeHost(s->page))                                \
  F(h2_register, RESIDENT, RESIDENT_WORDS, C MemHostRegister(s->page + 4096, 4096, 3))             \
  F(h2_unregister, RESIDENT, RESIDENT_WORDS, C MemHostUnregister(s->page))                         \
  F(h2_memset, RESIDENT, RESIDENT_WORDS, C MemsetD8Async(s->memory, 0, 8, s->copies))              \
  F(h2_load, RESIDENT, RESIDENT_WORDS, C ModuleLoadData(&s->module, fatbin))                       \
  F(h2_unload, RESIDENT, RESIDENT_WORDS, C ModuleUnload(s->module))                                \
  F(h2_get_function, RESIDENT, RESIDENT_WORDS,                                                     \
    C ModuleGetFunction(&s->function, s->module, "grosr_kernel_double"))                           \
  F(h2_stream, RESIDENT, RESIDENT_WORDS, C StreamCreate(&s->none, 1))                              \
  F(h2_stream_destroy, RESIDENT, RESIDENT_WORDS, C StreamDestroy(s->copies))                       \
  F(h2_synchronize, RESIDENT, RESIDENT_WORDS, C StreamSynchronize(s->stream))                      \
  F(h2_limit, RESIDENT, RESIDENT_WORDS, C CtxSetLimit(GR_CU_LIMIT_PENDING_LAUNCHES, 1))            \
  F(h2_graph, RESIDENT, RESIDENT_WORDS, C GraphInstantiateWithFlags(NULL, NULL, 0))                \
  F(h2_graph_launch, RESIDENT, RESIDENT_WORDS, C GraphLaunch(NULL, s->copies))                     \
  F(h2_event_destroy, RESIDENT, RESIDENT_WORDS, C EventDestroy(NULL))                              \
  F(h2_null_stream, BOOTED, "NULL stream", C StreamQuery(NULL))                                    \
  F(h2_null_copy, BOOTED, "NULL stream", C MemcpyHtoDAsync(s->memory, s->page, 8, NULL))           \
  F(h2_null_memset, BOOTED, "NULL stream", C MemsetD8Async(s->memory, 0, 8, NULL))                 \
  F(h2_null_record, BOOTED, "NULL stream", C EventRecord(NULL, NULL))                              \
  F(h2_null_kernel, BOOTED, "NULL stream", touch(s); s->stream = NULL; launch(s, 1))               \
  F(h2_blocking_stream, CURRENT, "waits for the NULL stream", C StreamCreate(&s->none, 0))         \
  F(h2_pageable_from, BOOTED, "not page-locked",                                                   \
    C MemcpyHtoDAsync(s->memory, &s->number, 4, s->copies))                                        \
  F(h2_pageable_to, BOOTED, "not page-locked",                                                     \
    C MemcpyDtoHAsync(&s->number, s->memory, 4, s->copies))                                        \
  F(h2_late_alloc, RESTING, AFTER_WORDS, C MemAlloc(&s->memory, 8))                                \
  F(h2_late_register, RESTING, AFTER_WORDS, C MemHostRegister(s->page + 4096, 4096, 3))            \
  F(h2_late_load, RESTING, AFTER_WORDS, C ModuleLoadData(&s->module, fatbin))                      \
  F(h2_late_stream, RESTING, AFTER_WORDS, C StreamCreate(&s->none, 1))                             \
  F(h2_stalled, BOOTED, "never done", setenv("FAKE_CUDA_STALL", "1", 1);                           \
    MUST(MemsetD8Async(s->memory, 0, 8, s->copies)); C MemFree(s->memory))                         \
  F(h2_two_copies, BOOTED, "a second copy", MUST(MemsetD8Async(s->memory, 0, 8, s->copies));       \
    C MemsetD8Async(s->memory, 0, 8, s->copies))                                                   \
  F(h2_work_before, BOOTED, "not waited for", touch(s);                                            \
    MUST(MemsetD8Async(s->memory, 0, 8, s->stream)); launch(s, 1))                                 \
  F(h4_kernel, RESIDENT, RESIDENT_WORDS, launch(s, 1))                                             \
  F(h4_plain_kernel, RESIDENT, RESIDENT_WORDS,                                                     \
    C LaunchKernel(s->function, 1, 1, 1, 32, 1, 1, 0, s->copies, s->params, NULL))                 \
  F(h6_limit, BOOTED, "time limit", setenv("FAKE_CUDA_ATTRIBUTES", "17=1", 1); touch(s);           \
    launch(s, 1))                                                                                  \
  F(h17_behind, RESIDENT, "behind the resident kernel",                                            \
    C MemcpyDtoHAsync(s->page, s->memory, 8, s->stream))                                           \
  F(no_context, OPENED, "without a current context", C MemAlloc(&s->memory, 8))                    \
  F(push_dead, CURRENT, "PushCurrent of no context", C CtxPushCurrent((struct CUctx_st *)s))       \
  F(push_push, CURRENT, "never popped", for (int i = 0; i < 9; i++) C CtxPushCurrent(s->context))  \
  F(create_null, OPENED, "null pointer", C CtxCreate(NULL, 0, 0))                                  \
  F(destroy_twice, CURRENT, "CtxDestroy of no context", C CtxDestroy(s->context);                  \
    C CtxDestroy(s->context))                                                                      \
  F(destroy_pushed, CURRENT, "current in a thread", MUST(CtxPushCurrent(s->other));                \
    C CtxDestroy(s->context))                                                                      \
  F(stream_stale, BOOTED, "no stream", MUST(StreamDestroy(s->copies)); C StreamQuery(s->copies))   \
  F(stream_foreign, BOOTED, "stream of another", in_other(s); C StreamQuery(s->copies))            \
  F(module_twice, BOOTED, "no module", MUST(ModuleUnload(s->module)); C ModuleUnload(s->module))   \
  F(module_foreign, BOOTED, "another context", in_other(s); C ModuleUnload(s->module))             \
  F(function_foreign, BOOTED, "GetFunction of no module", in_other(s);                             \
    C ModuleGetFunction(&s->function, s->module, "grosr_kernel_double"))                           \
  F(function_stale, BOOTED, "no function", MUST(ModuleUnload(s->module));                          \
    C FuncGetAttribute(&s->number, GR_CU_FUNC_REGISTERS, s->function))                             \
  F(free_twice, BOOTED, "something else", MUST(MemFree(s->memory)); C MemFree(s->memory))          \
  F(free_foreign, BOOTED, "something else", in_other(s); C MemFree(s->memory))                     \
  F(free_inside, BOOTED, "inside a block", C MemFree(s->memory + 8))                               \
  F(unregister_twice, BOOTED, "something else", MUST(MemHostUnregister(s->page));                  \
    C MemHostUnregister(s->page))                                                                  \
  F(register_flags, BOOTED, "flags or alignment", C MemHostRegister(s->page + 4096, 4096, 0))      \
  F(grid, BOOTED, "does not expect", touch(s);                                                     \
    C LaunchCooperativeKernel(s->function, 1, 2, 1, 32, 1, 1, 8192, s->stream, s->params))         \
  F(dev_foreign, BOOTED, "struct gr_dev", touch(s); s->params[0] = &s->context; launch(s, 1))      \
  F(dev_teams, BOOTED, "struct gr_dev", touch(s); s->dev->teams = s->dev->at_once = 2; launch(s, 1))

/* A pop that fails, and then the context is gone under this thread, which has it still. */
static void spoil(struct scene *s)
{
  MUST(CtxPushCurrent(s->context));
  setenv("FAKE_CUDA_FAIL", "cuCtxPopCurrent_v2:1", 1);
  s->cuda->CtxPopCurrent(&s->other);
  unsetenv("FAKE_CUDA_FAIL");
  MUST(CtxDestroy(s->context));
}

static unsigned launch_anew(struct scene *s, unsigned blocks)
{
  touch(s);
  return launch(s, blocks);
}

/* F(name, scene, then in the environment, what a driver answers, to what) */
#define ANSWERS(F)                                                                                 \
  F(init_flags, OPENED, "", 1, C Init(1))                                                          \
  F(init_none, OPENED, "FAKE_CUDA_DEVICES=0", 100, C Init(0))                                      \
  F(get_none, OPENED, "", 101, C DeviceGet(&s->number, 1))                                         \
  F(name_none, OPENED, "", 101, C DeviceGetName((char *)s, 8, 1))                                  \
  F(create_none, OPENED, "", 101, C CtxCreate(&s->context, 0, 1))                                  \
  F(create_flags, OPENED, "", 1, C CtxCreate(&s->context, 0x100, 0))                               \
  F(create_prohibited, OPENED, "FAKE_CUDA_ATTRIBUTES=20=2", 46, C CtxCreate(&s->context, 0, 0))    \
  F(attribute, OPENED, "", 1, C DeviceGetAttribute(&s->number, 9999, 0))                           \
  F(bad_image, CURRENT, "", 200, C ModuleLoadData(&s->module, no_fatbin))                          \
  F(no_kernel, BOOTED, "", 500, C ModuleGetFunction(&s->function, s->module, "grosr_kernel_x"))    \
  F(no_kernels_name, BOOTED, "", 500, C ModuleGetFunction(&s->function, s->module, "x"))           \
  F(set_shared, BOOTED, "", 1, C FuncSetAttribute(s->function, 8, 232449))                         \
  F(get_nothing, BOOTED, "", 1, C FuncGetAttribute(&s->number, 77, s->function))                   \
  F(occupancy, BOOTED, "", 1, C OccupancyMaxActiveBlocks(&s->number, s->function, 0, 0))           \
  F(alloc_none, CURRENT, "", 1, C MemAlloc(&s->memory, 0))                                         \
  F(alloc_more, CURRENT, "FAKE_CUDA_MEMORY_MIB=1", 2, C MemAlloc(&s->memory, 1048577))             \
  F(register_twice, BOOTED, "", 712, C MemHostRegister(s->page, 4096, 3))                          \
  F(register_none, BOOTED, "", 1, C MemHostRegister(s->page + 4096, 0, 3))                         \
  F(map_none, BOOTED, "", 1, C MemHostGetDevicePointer(&s->memory, s->page + 4096, 0))             \
  F(memset_beyond, BOOTED, "", 1, C MemsetD8Async(s->memory, 0, 1u << 20, s->copies))              \
  F(h3_too_many, BOOTED, "", 720, launch_anew(s, 129))                                             \
  F(h3_not_cooperative, BOOTED, "FAKE_CUDA_ATTRIBUTES=95=0", 801, launch_anew(s, 1))               \
  F(absent, BOOTED, "", 801, C StreamSynchronize(s->copies))                                       \
  F(lost_context, CURRENT, "", 709, (spoil(s), C MemAlloc(&s->memory, 8)))                         \
  F(fail_all, OPENED, "FAKE_CUDA_FAIL=cuDeviceGet:5", 5, C DeviceGet(&s->number, 0))               \
  F(fail_second, OPENED, "FAKE_CUDA_FAIL=cuDeviceGet@2:5", 5,                                      \
    C DeviceGet(&s->number, 0) == 0 ? C DeviceGet(&s->number, 0) : 0)                              \
  F(fail_not_third, OPENED, "FAKE_CUDA_FAIL=cuDeviceGet@2:5", 0,                                   \
    (C DeviceGet(&s->number, 0), C DeviceGet(&s->number, 0), C DeviceGet(&s->number, 0)))          \
  F(fail_from_first, OPENED, "FAKE_CUDA_FAIL=cuDeviceGetX:7,cuDeviceGet@1+:5", 5,                  \
    (C DeviceGet(&s->number, 0), C DeviceGet(&s->number, 0)))                                      \
  F(fail_any, OPENED, "FAKE_CUDA_FAIL=any@2+:5", 5, C DeviceGet(&s->number, 0))                    \
  F(fail_late, BOOTED, "FAKE_CUDA_FAIL=cuMemFree_v2@1:719", 719, C MemFree(s->memory))             \
  F(late_is_done, BOOTED, "FAKE_CUDA_FAIL=cuMemFree_v2@1:719", 0,                                  \
    (C MemFree(s->memory), fake_live_of(s)))

/* What is alive, less what the scene has made beside its memory: 0 if that was given back. */
static unsigned fake_live_of(struct scene *s)
{
  (void)s;
  int (*live)(void) = NULL;
  void *symbol = dlsym(dlopen("libcuda.so.1", RTLD_NOW | RTLD_NOLOAD), "fake_cuda_live");
  memcpy(&live, &symbol, sizeof live);
  return (unsigned)live() - 6u; /* two contexts, a module, two streams, a page */
}

#define FUNCTION(name, call)                                                                       \
  static unsigned name(struct scene *s)                                                            \
  {                                                                                                \
    call;                                                                                          \
  }
#define WRONG_FUNCTION(name, stage, words, ...)              FUNCTION(name, __VA_ARGS__; return 0)
#define ANSWER_FUNCTION(name, stage, environment, code, ...) FUNCTION(name, return __VA_ARGS__)
WRONGS(WRONG_FUNCTION)
ANSWERS(ANSWER_FUNCTION)

static const struct test_case {
  const char *name;
  enum stage stage;
  const char *words; /* NULL: not wrong, but answered with `code` */
  const char *environment;
  unsigned code;
  unsigned (*act)(struct scene *s);
} cases[] = {
#define WRONG_CASE(name, stage, words, ...) {#name, stage, words, "", 0, name},
#define ANSWER_CASE(name, stage, environment, code, ...)                                           \
  {#name, stage, NULL, environment, code, name},
    WRONGS(WRONG_CASE) ANSWERS(ANSWER_CASE)};

/* In the child: never returns. */
static void play(const struct test_case *test, int output)
{
  static struct scene scene;
  dup2(output, 1);
  dup2(output, 2);
  alarm(20);
  if (strcmp(test->name, "h1_lazy") == 0) {
    setenv("CUDA_MODULE_LOADING", "LAZY", 1);
  }
  boot(&scene, test->stage);
  if (test->environment[0] != '\0') {
    putenv((char *)(uintptr_t)test->environment);
  }
  const unsigned code = test->act(&scene);
  printf("answered %u\n", code);
  fflush(stdout);
  _exit(code == test->code ? 0 : 1);
}

/* 0: as expected. */
static int judge(const struct test_case *test)
{
  char text[2048];
  size_t used = 0;
  int pipes[2], status = 0;
  if (pipe(pipes) != 0) {
    return 1;
  }
  fflush(stdout);
  const pid_t child = fork();
  if (child == 0) {
    play(test, pipes[1]);
  }
  close(pipes[1]);
  for (ssize_t more = 1; more > 0 && used < sizeof text - 1u;) {
    more = read(pipes[0], text + used, sizeof text - 1u - used);
    used += more > 0 ? (size_t)more : 0u;
  }
  text[used] = '\0';
  close(pipes[0]);
  waitpid(child, &status, 0);
  const bool is_ended = WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
  const bool is_good = test->words != NULL ? is_ended && strstr(text, "fake_cuda: ") != NULL &&
                                                 strstr(text, test->words) != NULL
                                           : WIFEXITED(status) && WEXITSTATUS(status) == 0;
  if (!is_good) {
    printf("%s: wait status %d, said: %s\n", test->name, status, text);
  }
  return is_good ? 0 : 1;
}

/* What a correct program does: no check may end it. */
static unsigned behave(struct scene *s)
{
  MUST(MemcpyDtoHAsync(s->page, s->memory, 4096, s->copies));
  while (s->cuda->StreamQuery(s->copies) == GR_CU_NOT_READY) {
  }
  gr_store_release_gpu_u32(&is_to_end, 1u);
  while (s->cuda->StreamQuery(s->stream) == GR_CU_NOT_READY) {
    gr_nap(100000u);
  }
  must(launch(s, 1), "a second launch");
  MUST(CtxPopCurrent(&s->context));
  MUST(CtxDestroy(s->context));
  return s->cuda->CtxDestroy(s->other);
}

int main(void)
{
  static const struct test_case good = {"good", RESIDENT, NULL, "", 0, behave};
  int failures = judge(&good);
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    failures += judge(&cases[i]);
  }
  printf("%zu cases, %d failed\n", sizeof cases / sizeof cases[0], failures);
  return failures == 0 ? 0 : 1;
}
