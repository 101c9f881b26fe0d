/* child.c - see child.h. Next: hx.h */
#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define EXEC_FAILED 127

/* Written by the main thread around fork with signals blocked, and by the handler on it. */
static volatile sig_atomic_t child_pid;
static volatile sig_atomic_t got_signal;

static void pass_on(int number, siginfo_t *info, void *context)
{
  const int saved_errno = errno;
  (void)context;
  got_signal = number;
  if (child_pid > 0 && info->si_code <= 0) /* sent by a process, not by the terminal */
    kill((pid_t)child_pid, number);
  errno = saved_errno;
}

static void start_child(const struct hx_child *child, int out_fd, const sigset_t *old_mask,
                        pid_t parent)
{
  struct sigaction action = {0};
  action.sa_handler = SIG_DFL;
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (getppid() != parent)
    _exit(EXEC_FAILED);
  sigaction(SIGINT, &action, NULL);
  sigaction(SIGTERM, &action, NULL);
  sigprocmask(SIG_SETMASK, old_mask, NULL);
  if (out_fd >= 0)
    dup2(out_fd, STDOUT_FILENO);
  if (out_fd >= 0 && child->output == HX_CHILD_KEEP_ALL)
    dup2(out_fd, STDERR_FILENO);
  execv(child->path, child->argv);
  fprintf(stderr, "grosr: cannot run %s: errno %d; build it again\n", child->path, errno);
  _exit(EXEC_FAILED);
}

/* Everything from the pipe as text; NULL when out of memory. */
static char *read_all(int fd)
{
  size_t used = 0;
  size_t capacity = 4096;
  char *text = malloc(capacity);
  while (text != NULL) {
    const ssize_t got = read(fd, text + used, capacity - used - 1);
    if (got < 0 && errno == EINTR)
      continue;
    if (got <= 0)
      break;
    used += (size_t)got;
    if (capacity - used < 2) {
      char *more = realloc(text, 2 * capacity);
      if (more == NULL)
        free(text);
      text = more;
      capacity *= 2;
    }
  }
  if (text != NULL)
    text[used] = '\0';
  return text;
}

static int wait_for(struct hx_child *child, pid_t pid)
{
  int status = 0;
  while (waitpid(pid, &status, 0) < 0) {
    if (errno != EINTR)
      return -errno;
  }
  child->end_signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
  child->exit_code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  return 0;
}

int hx_child_run(struct hx_child *child)
{
  struct sigaction action = {0};
  sigset_t blocked;
  sigset_t old_mask;
  int pipe_fd[2] = {-1, -1};
  int result = 0;
  const bool keeps = child->output == HX_CHILD_KEEP || child->output == HX_CHILD_KEEP_ALL;
  if (child->output == HX_CHILD_HIDE)
    pipe_fd[1] = open("/dev/null", O_WRONLY | O_CLOEXEC);
  else if (keeps && pipe2(pipe_fd, O_CLOEXEC) < 0)
    return -errno;
  action.sa_sigaction = pass_on;
  action.sa_flags = SA_SIGINFO;
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, NULL);
  sigaction(SIGTERM, &action, NULL);
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGINT);
  sigaddset(&blocked, SIGTERM);
  sigprocmask(SIG_BLOCK, &blocked, &old_mask);
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid == 0)
    start_child(child, pipe_fd[1], &old_mask, parent);
  if (pid < 0)
    result = -errno;
  child_pid = pid;
  sigprocmask(SIG_SETMASK, &old_mask, NULL);

  if (pipe_fd[1] >= 0)
    close(pipe_fd[1]);
  if (keeps) {
    child->text = read_all(pipe_fd[0]);
    close(pipe_fd[0]);
  }
  if (pid > 0)
    result = wait_for(child, pid);
  child_pid = 0;
  return result;
}

int hx_child_signal(void)
{
  return (int)got_signal;
}
