/* test_sha256.c - the examples of FIPS 180-4 and lengths around a block. */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "sha256.h"

static void expect(const char *text, const char *wanted)
{
  char hash[HX_SHA256_TEXT_BYTES];
  hx_sha256_bytes(text, strlen(text), hash);
  cr_assert_str_eq(hash, wanted);
}

Test(sha256, published_examples)
{
  expect("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  expect("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  expect("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

Test(sha256, lengths_around_a_block)
{
  char text[66];
  memset(text, 'a', sizeof(text));
  text[55] = '\0';
  expect(text, "9f4390f8d30c2dd92ec9f095b65e2b9ae9b0a925a5258e241c9f1e910f734318");
  text[55] = 'a';
  text[64] = '\0';
  expect(text, "ffe054fe7ae0cb6dc65c3af9b61d5209f439851db43d0ba5997337df154668eb");
}

Test(sha256, a_file_that_is_not_there)
{
  char hash[HX_SHA256_TEXT_BYTES];
  cr_assert_eq(hx_sha256_file("/nonexistent/file", hash), -ENOENT);
}
