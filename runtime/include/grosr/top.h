/* top.h - what a device is doing at this moment, as a file that another process can read.
 *
 * A device that was opened with options.top, or with the environment variable GROSR_TOP set, writes
 * a *frame* ten times a second: DIR/grosr-PID-NUMBER.top, where DIR is GROSR_TOP if that is a path,
 * else /dev/shm, or /tmp where there is none. Each frame is written under another name and renamed,
 * so who opens the file reads one frame, whole, without a lock or a word shared between processes.
 * The file is gone when the device is closed; of a process that died it stays behind (`grosr top`
 * removes it).
 *
 *   struct grosr_top | names of the ops, GROSR_TOP_NAME_BYTES each | struct grosr_top_team, each
 *
 * Next: ../../host/top.c (who writes it), ../../../harness/commands/top_read.h (who reads it). */
#pragma once

#include <stdint.h>

#define GROSR_TOP_MAGIC      0x31504f545f524700ull
#define GROSR_TOP_VERSION    1u
#define GROSR_TOP_NAME_BYTES 32u
#define GROSR_TOP_CONTEXTS   64u
#define GROSR_TOP_PERIOD_NS  100000000u

/* Bits of a context's state; 0: it is not open. */
#define GROSR_TOP_OPEN   1u
#define GROSR_TOP_PAUSED 2u
#define GROSR_TOP_KILLED 4u

struct grosr_top_context {
  uint32_t state;
  uint32_t weight;
  uint32_t priority;
  uint32_t quota;   /* UINT32_MAX: none */
  uint32_t queued;  /* in its run queue */
  uint32_t waiting; /* accepted from the host and not begun; 0 while there is one tenant only */
  uint32_t running; /* of its quota; 0 without one */
  uint32_t reserved;
  uint64_t served; /* tasks, while there is more than one tenant */
  uint64_t served_ns;
};

enum grosr_team_state {
  GROSR_TEAM_AWAY = 0,
  GROSR_TEAM_LOOKING = 1,
  GROSR_TEAM_RUNNING = 2,
  GROSR_TEAM_IDLE = 3,
  GROSR_TEAM_ASLEEP = 4,
  GROSR_TEAM_STATE_COUNT = 5
};

struct grosr_top_team {
  uint32_t state; /* enum grosr_team_state */
  uint32_t op;    /* that it runs, or ran last */
  uint32_t context;
  uint32_t has_run;  /* 0: no op yet */
  uint64_t since_ns; /* seen in this state, with this task, since then */
  uint64_t completed;
  uint64_t sleeps;
};

struct grosr_top {
  uint64_t magic;
  uint32_t version; /* GROSR_TOP_VERSION */
  uint32_t bytes;   /* of the whole frame */
  uint32_t pid;
  uint32_t number; /* of this device among those of the process */
  uint64_t now_ns; /* CLOCK_MONOTONIC */
  uint64_t opened_ns;
  char device[GROSR_TOP_NAME_BYTES];
  char image[GROSR_TOP_NAME_BYTES];
  uint32_t teams;
  uint32_t lanes;
  uint32_t ops;
  uint32_t health;     /* 0 good, 1 closing, 2 stuck, 3 failed */
  uint32_t policy;     /* enum grosr_policy, as last set */
  uint32_t resting;    /* 1: the microkernel has left because it was idle */
  uint32_t ring;       /* tasks in the ingress ring ... */
  uint32_t ring_slots; /* ... and its slots */
  uint64_t accepted;
  uint64_t submitted; /* by ops */
  uint64_t completed;
  uint64_t failed;
  uint64_t cancelled;
  uint64_t launches;
  struct grosr_top_context context[GROSR_TOP_CONTEXTS];
};
