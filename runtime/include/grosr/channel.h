/* channel.h - channels: bounded queues of messages between ops, contexts and the host.
 *
 *   struct grosr_channel_options options = {.message_bytes = 64, .slots = 256};
 *   grosr_channel_open(g, &options, &mine);                              all rights, context 0
 *   grosr_channel_grant(g, mine, tenant, GROSR_CHANNEL_SEND, &theirs);   an op of theirs may send
 *   grosr_channel_receive(g, mine, buffer, sizeof buffer, GROSR_FOREVER);
 *
 * Who uses a channel names a *capability*: a number that stands for a channel, a context and
 * rights. Ops get theirs as an argument (device/channel.h, channel_then.h), and one of another
 * context is refused. The host may use any. A capability is narrowed or granted to another context
 * by making a new one from it, with the same rights or fewer; whoever revokes one, revokes all that
 * were made from it. Once grosr_channel_revoke has returned, nothing is sent or received by them,
 * and tasks that were parked by them have been woken.
 *
 * Messages are received in the order in which they were sent, each once, whole; those of one sender
 * in its order. A message may be shorter than message_bytes; its length comes with it. From any
 * thread; up to 64 threads send or receive at once (-EAGAIN).
 *
 * Next: ../../host/channel.c, then ../../device/channel.h. */
#pragma once

#include <grosr/grosr.h>

#ifdef __cplusplus
extern "C" {
#endif

enum grosr_channel_right {
  GROSR_CHANNEL_SEND = 1,
  GROSR_CHANNEL_RECEIVE = 2,
  GROSR_CHANNEL_CLOSE = 4,
  GROSR_CHANNEL_GRANT = 8, /* make one from it for another context */
  GROSR_CHANNEL_ALL = 15
};

enum grosr_channel_users {
  GROSR_CHANNEL_MANY = 0,
  GROSR_CHANNEL_ONE = 1 /* one at a time; one that meets another gets -EBUSY and changes nothing */
};

struct grosr_channel_options {
  uint32_t message_bytes; /* of the longest message: 1 ... 4096 */
  uint32_t slots;         /* messages that it holds: a power of two, 1 ... 65536 */
  enum grosr_channel_users producers;
  enum grosr_channel_users consumers;
  uint32_t context; /* of the capability that is made */
};

/* A channel, and a capability for it with all rights.
 *   -EINVAL  an option is out of range, or the context is not open
 *   -ENOSPC  no channel, capability or memory for it is left (256, 1024, channel_bytes)
 *   -EBUSY   another thread changes a channel, or was stopped while it did */
int grosr_channel_open(struct grosr *g, const struct grosr_channel_options *options,
                       uint32_t *capability);

/* A new capability from this one, for `context`: needs GRANT, and every right that it gives.
 *   -EACCES  it has not these rights; -ESTALE  no such capability, or it was revoked */
int grosr_channel_grant(struct grosr *g, uint32_t capability, uint32_t context, uint32_t rights,
                        uint32_t *granted);
/* The same for the same context; needs no GRANT. */
int grosr_channel_narrow(struct grosr *g, uint32_t capability, uint32_t rights,
                         uint32_t *narrowed);
/* Revokes it and all that were made from it. Of the one that grosr_channel_open made, this is the
 * channel's end: it is closed, messages in it are gone, its memory is free.
 *   -EBUSY  an op is in the middle of sending or receiving: nothing more begins; call it again */
int grosr_channel_revoke(struct grosr *g, uint32_t capability);

/* Nothing is sent any more. What was sent can be received; then, and whoever is parked to send,
 * gets -EPIPE. Closing again changes nothing. Needs CLOSE. */
int grosr_channel_close(struct grosr *g, uint32_t capability);

/* Sends one message; waits up to timeout_ns for room (0: not at all) without holding a team.
 *   -EAGAIN     no room, and no time was given; -ETIMEDOUT  not in time
 *   -EPIPE      the channel was closed
 *   -EMSGSIZE   longer than message_bytes
 *   -ESTALE, -EACCES  as above; -ECANCELED  the capability's context was killed
 * and what grosr_submit and grosr_wait answer. */
int grosr_channel_send(struct grosr *g, uint32_t capability, const void *message, size_t bytes,
                       uint64_t timeout_ns);
/* Receives one message into `bytes` of buffer, room for message_bytes (else -EMSGSIZE); returns the
 * message's own. The rest as grosr_channel_send: -EAGAIN  there is none, -EPIPE  nor will be. */
int64_t grosr_channel_receive(struct grosr *g, uint32_t capability, void *buffer, size_t bytes,
                              uint64_t timeout_ns);

#ifdef __cplusplus
}
#endif
