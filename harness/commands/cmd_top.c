/* cmd_top.c - `grosr top`: what a running program's device does, live in a terminal.
 *
 *   grosr top [PID[.DEVICE]] [--once] [--interval SECONDS]
 *
 * Reads the frames that the program's libgrosr publishes (grosr/top.h) and prints the newest, with
 * rates from the one before. In a terminal it goes on until q, ^C, or the device is closed; where
 * the output is no terminal, or with --once, it prints one frame. It changes nothing in the
 * program. Exit status: 0; 2 refused; 4 the program's file cannot be read.
 *
 * Next: top_read.h */
#include "cmd.h"

#include <argp.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "hx.h"
#include "top_read.h"

#define BEGIN_SCREEN "\033[?1049h\033[?25l" /* the other screen, no cursor */
#define END_SCREEN   "\033[?25h\033[?1049l"
#define HOME         "\033[H"
#define END_LINE     "\033[K\n"
#define END_FRAME    "\033[J"
#define ONCE_MS      (GROSR_TOP_PERIOD_NS * 5u / 2u / 1000000u) /* until the next frame is there */
#define MS_MAX       3600000u

struct wish {
  unsigned pid, number;
  const char *folder;
  uint64_t interval_ms;
  bool once;
};

static volatile sig_atomic_t is_stopped;

static void stop(int number)
{
  (void)number;
  is_stopped = 1;
}

enum { KEY_FOLDER = 256 };

static const struct argp_option options[] = {
    {"once", '1', NULL, 0, "print one frame and end", 0},
    {"interval", 'i', "SECONDS", 0, "between frames (1)", 0},
    {"folder", KEY_FOLDER, "DIR", 0, "where the program's GROSR_TOP points", 0},
    {0}};

static error_t take_option(int key, char *arg, struct argp_state *state)
{
  struct wish *wish = state->input;
  char *end = NULL;
  switch (key) {
  case '1':
    wish->once = true;
    break;
  case 'i': {
    const double seconds = strtod(arg, &end);
    if (end == arg || *end != '\0' || !(seconds >= 0.1 && seconds * 1000.0 <= MS_MAX))
      argp_error(state, "--interval=%s: give seconds from 0.1 to 3600", arg);
    wish->interval_ms = (uint64_t)(seconds * 1000.0);
    break;
  }
  case KEY_FOLDER:
    if (arg[0] != '/')
      argp_error(state, "--folder=%s: give a whole path, as /tmp", arg);
    wish->folder = arg;
    break;
  case ARGP_KEY_ARG:
    wish->pid = (unsigned)strtoul(arg, &end, 10);
    if (*end == '.')
      wish->number = (unsigned)strtoul(end + 1, &end, 10);
    if (*end != '\0' || arg[0] < '1' || arg[0] > '9')
      argp_error(state, "%s is no process; give its number, or PID.DEVICE", arg);
    break;
  default:
    return ARGP_ERR_UNKNOWN;
  }
  return 0;
}

/* ---- a frame as text ---- */

struct page {
  const char *end_line;
  unsigned lines_left;
  const struct grosr_top *now;
  const struct grosr_top *before; /* NULL: none */
};

static void line_end(struct page *page)
{
  fputs(page->end_line, stdout);
  page->lines_left -= page->lines_left > 0;
}

/* A second's share of what was counted since the frame before. */
static double rate(const struct page *page, uint64_t now, uint64_t before)
{
  const double ns = page->before != NULL ? (double)(page->now->now_ns - page->before->now_ns) : 0.0;
  return ns > 0.0 && now >= before ? (double)(now - before) * 1e9 / ns : 0.0;
}

/* 3 digits, and k, M, G. */
static const char *short_of(double value, char text[16])
{
  static const char unit[] = " kMGT";
  size_t i = 0;
  for (; value >= 999.5 && unit[i + 1] != '\0'; i++)
    value /= 1000.0;
  snprintf(text, 16, i == 0 ? "%.0f" : "%.3g%c", value, unit[i]);
  return text;
}

static const char *time_of(uint64_t ns, char text[16])
{
  if (ns < 1000000000u)
    snprintf(text, 16, "%.0f ms", (double)ns / 1e6);
  else if (ns < 120000000000u)
    snprintf(text, 16, "%.1f s", (double)ns / 1e9);
  else
    snprintf(text, 16, "%.0f min", (double)ns / 60e9);
  return text;
}

static void print_head(struct page *page)
{
  static const char *const health[] = {"good", "closing", "STUCK", "FAILED"};
  static const char *const policy[] = {"round-robin", "fifo", "weighted", "learning"};
  const struct grosr_top *now = page->now;
  const uint64_t known = now->accepted + now->submitted;
  char a[16], b[16], c[16];
  printf("process %u, '%s' on %s: %u team%s of %u lane%s, open for %s, %s%s", now->pid, now->image,
         now->device, now->teams, now->teams == 1 ? "" : "s", now->lanes,
         now->lanes == 1 ? "" : "s", time_of(now->now_ns - now->opened_ns, a),
         now->health < 4 ? health[now->health] : "?", now->resting ? ", at rest" : "");
  line_end(page);
  printf("tasks: %s from the host, %s by ops, %s in flight, ", short_of((double)now->accepted, a),
         short_of((double)now->submitted, b),
         short_of(known > now->completed ? (double)(known - now->completed) : 0.0, c));
  printf("%s failed, %s of them cancelled; %s tasks/s", short_of((double)now->failed, a),
         short_of((double)now->cancelled, b),
         short_of(rate(page, now->completed,
                       page->before != NULL ? page->before->completed : now->completed),
                  c));
  line_end(page);
  printf("ring: %u of %u; policy %s; %llu launch%s", now->ring, now->ring_slots,
         now->policy < 4 ? policy[now->policy] : "?", (unsigned long long)now->launches,
         now->launches == 1 ? "" : "es");
  line_end(page);
}

static void print_contexts(struct page *page)
{
  line_end(page);
  printf("CONTEXT WEIGHT PRIORITY  QUOTA QUEUED WAITING RUNNING   SERVED  TASKS/S  BUSY STATE");
  line_end(page);
  for (unsigned i = 0; i < GROSR_TOP_CONTEXTS && page->lines_left > 1; i++) {
    const struct grosr_top_context *now = &page->now->context[i];
    const struct grosr_top_context *before = page->before != NULL ? &page->before->context[i] : now;
    char quota[16] = "none", served[16], each[16];
    if (now->state == 0)
      continue;
    if (now->quota != UINT32_MAX)
      snprintf(quota, sizeof(quota), "%u", now->quota);
    printf("%7u %6u %8u %6s %6u %7u %7u %8s %8s %4.0f%% %s", i, now->weight, now->priority, quota,
           now->queued, now->waiting, now->running, short_of((double)now->served, served),
           short_of(rate(page, now->served, before->served), each),
           rate(page, now->served_ns, before->served_ns) / 1e7 / page->now->teams,
           (now->state & GROSR_TOP_KILLED) != 0   ? "killed"
           : (now->state & GROSR_TOP_PAUSED) != 0 ? "paused"
                                                  : "open");
    line_end(page);
  }
}

static void print_teams(struct page *page)
{
  static const char *const state[] = {"away", "looking", "RUNNING", "idle", "asleep"};
  line_end(page);
  printf("   TEAM STATE        FOR CONTEXT    TASKS  TASKS/S   SLEEPS OP");
  line_end(page);
  for (unsigned i = 0; i < page->now->teams; i++) {
    const struct grosr_top_team *now = hx_top_team(page->now, i);
    const struct grosr_top_team *before = page->before != NULL ? hx_top_team(page->before, i) : now;
    char since[16], tasks[16], each[16], sleeps[16];
    if (page->lines_left <= 1) {
      printf("        and %u more teams; a higher terminal, or --once, shows all",
             page->now->teams - i);
      break;
    }
    printf("%7u %-7s %8s %7u %8s %8s %8s %s%s", i,
           now->state < GROSR_TEAM_STATE_COUNT ? state[now->state] : "?",
           time_of(page->now->now_ns - now->since_ns, since), now->context,
           short_of((double)now->completed, tasks),
           short_of(rate(page, now->completed, before->completed), each),
           short_of((double)now->sleeps, sleeps),
           now->has_run != 0 && now->state != GROSR_TEAM_RUNNING ? "last " : "",
           now->has_run != 0 ? hx_top_op(page->now, now->op) : "none yet");
    line_end(page);
  }
}

static void print_page(struct page *page)
{
  print_head(page);
  print_contexts(page);
  print_teams(page);
}

/* ---- one frame, or one after the other ---- */

/* Waits for a key. True: it was q. */
static bool wait_for_q(uint64_t ms)
{
  struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
  char key = 0;
  if (poll(&input, 1, (int)ms) <= 0 || (input.revents & POLLIN) == 0) {
    if ((input.revents & (POLLHUP | POLLERR | POLLNVAL)) != 0)
      usleep((useconds_t)(ms * 1000));
    return false;
  }
  return read(STDIN_FILENO, &key, 1) == 1 && (key == 'q' || key == 'Q');
}

static int print_once(const char *path, struct hx_why *why)
{
  struct page page = {.end_line = "\n", .lines_left = UINT32_MAX};
  struct grosr_top *before = hx_top_read(path, why);
  if (before != NULL)
    usleep(ONCE_MS * 1000);
  struct grosr_top *now = before != NULL ? hx_top_read(path, why) : NULL;
  if (now != NULL) {
    page.now = now;
    page.before = before;
    print_page(&page);
  }
  free(now);
  free(before);
  return page.now != NULL ? 0 : -EIO;
}

static unsigned screen_lines(void)
{
  struct winsize size = {0};
  return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 4 ? size.ws_row : 24;
}

static int print_live(const struct wish *wish, const char *path, struct hx_why *why)
{
  struct grosr_top *before = NULL, *now = NULL;
  struct termios old, raw;
  const bool has_keys = tcgetattr(STDIN_FILENO, &old) == 0;
  struct sigaction action = {.sa_handler = stop};
  sigaction(SIGINT, &action, NULL);
  sigaction(SIGTERM, &action, NULL);
  if (has_keys) {
    raw = old;
    raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
    tcsetattr(STDIN_FILENO, TCSANOW, &raw);
  }
  fputs(BEGIN_SCREEN, stdout);
  while (!is_stopped && (now = hx_top_read(path, why)) != NULL) {
    struct page page = {END_LINE, screen_lines(), now, before};
    fputs(HOME, stdout);
    print_page(&page);
    fputs(END_FRAME, stdout);
    fflush(stdout);
    free(before);
    before = now;
    if (wait_for_q(before == NULL ? ONCE_MS : wish->interval_ms))
      break;
  }
  fputs(END_SCREEN, stdout);
  fflush(stdout);
  if (has_keys)
    tcsetattr(STDIN_FILENO, TCSANOW, &old);
  const bool was_read = before != NULL;
  if (now == NULL && was_read)
    printf("%s\n", why->text); /* it was closed: that is no failure */
  free(before);
  return was_read ? 0 : -EIO;
}

int hx_cmd_top(int argc, char **argv)
{
  static const char doc[] =
      "What a running program's device does: contexts, queues, teams, rates. q ends it."
      "\vThe program is to be started with GROSR_TOP=1 in its environment, or to open its device "
      "with options.top. Without PID, the one that is.";
  const struct argp argp = {options, take_option, "[PID[.DEVICE]]", doc, NULL, NULL, NULL};
  struct wish wish = {.interval_ms = 1000};
  struct hx_why why = {"out of memory"};
  char path[HX_TOP_PATH_BYTES];
  if (argp_parse(&argp, argc, argv, 0, NULL, &wish) != 0)
    return HX_EXIT_USAGE;
  int result = hx_top_find(wish.folder, wish.pid, wish.number, path, &why);
  const bool is_found = result == 0;
  if (is_found)
    result = wish.once || !isatty(STDOUT_FILENO) ? print_once(path, &why)
                                                 : print_live(&wish, path, &why);
  if (result < 0)
    fprintf(stderr, "grosr: %s\n", why.text);
  return result == 0 ? HX_EXIT_OK : is_found ? HX_EXIT_HARNESS : HX_EXIT_USAGE;
}
