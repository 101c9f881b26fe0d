/* sha256.c - see sha256.h. Section numbers are those of FIPS 180-4. Next: provenance.c */
#include "sha256.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define BLOCK_BYTES 64u

struct sha256 {
  uint32_t state[8];
  uint64_t bytes;
  unsigned char block[BLOCK_BYTES];
};

static const uint32_t first_state[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                        0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

static const uint32_t constant[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

static uint32_t rotate(uint32_t word, unsigned bits)
{
  return word >> bits | word << (32 - bits);
}

/* 6.2.2: one block. */
static void mix(struct sha256 *sha)
{
  uint32_t w[64];
  uint32_t v[8];
  for (size_t i = 0; i < 16; i++)
    w[i] = (uint32_t)sha->block[4 * i] << 24 | (uint32_t)sha->block[4 * i + 1] << 16 |
           (uint32_t)sha->block[4 * i + 2] << 8 | (uint32_t)sha->block[4 * i + 3];
  for (size_t i = 16; i < 64; i++) {
    const uint32_t s0 = rotate(w[i - 15], 7) ^ rotate(w[i - 15], 18) ^ w[i - 15] >> 3;
    const uint32_t s1 = rotate(w[i - 2], 17) ^ rotate(w[i - 2], 19) ^ w[i - 2] >> 10;
    w[i] = w[i - 16] + s0 + w[i - 7] + s1;
  }
  memcpy(v, sha->state, sizeof(v));
  for (size_t i = 0; i < 64; i++) {
    const uint32_t s1 = rotate(v[4], 6) ^ rotate(v[4], 11) ^ rotate(v[4], 25);
    const uint32_t choose = (v[4] & v[5]) ^ (~v[4] & v[6]);
    const uint32_t t1 = v[7] + s1 + choose + constant[i] + w[i];
    const uint32_t s0 = rotate(v[0], 2) ^ rotate(v[0], 13) ^ rotate(v[0], 22);
    const uint32_t majority = (v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]);
    memmove(v + 1, v, 7 * sizeof(v[0]));
    v[4] += t1;
    v[0] = t1 + s0 + majority;
  }
  for (size_t i = 0; i < 8; i++)
    sha->state[i] += v[i];
}

static void add(struct sha256 *sha, const unsigned char *bytes, size_t count)
{
  for (size_t i = 0; i < count; i++) {
    sha->block[sha->bytes++ % BLOCK_BYTES] = bytes[i];
    if (sha->bytes % BLOCK_BYTES == 0)
      mix(sha);
  }
}

/* 5.1.1: a one bit, zeros, and the length in bits. */
static void finish(struct sha256 *sha, char text[HX_SHA256_TEXT_BYTES])
{
  const uint64_t bits = sha->bytes * 8;
  const unsigned char one = 0x80;
  const unsigned char zero = 0;
  unsigned char length[8];
  for (unsigned i = 0; i < 8; i++)
    length[i] = (unsigned char)(bits >> (56 - 8 * i));
  add(sha, &one, 1);
  while (sha->bytes % BLOCK_BYTES != BLOCK_BYTES - sizeof(length))
    add(sha, &zero, 1);
  add(sha, length, sizeof(length));
  for (size_t i = 0; i < 8; i++)
    snprintf(text + 8 * i, 9, "%08x", (unsigned)sha->state[i]);
}

static void init(struct sha256 *sha)
{
  *sha = (struct sha256){0};
  memcpy(sha->state, first_state, sizeof(first_state));
}

void hx_sha256_bytes(const void *bytes, size_t count, char text[HX_SHA256_TEXT_BYTES])
{
  struct sha256 sha;
  init(&sha);
  add(&sha, bytes, count);
  finish(&sha, text);
}

int hx_sha256_file(const char *path, char text[HX_SHA256_TEXT_BYTES])
{
  unsigned char buffer[16384];
  struct sha256 sha;
  ssize_t got = 0;
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return -errno;
  init(&sha);
  while ((got = read(fd, buffer, sizeof(buffer))) > 0)
    add(&sha, buffer, (size_t)got);
  const int result = got < 0 ? -errno : 0;
  close(fd);
  if (result == 0)
    finish(&sha, text);
  return result;
}
