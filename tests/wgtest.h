/* What every test includes: cmocka, a seeded random source, hexadecimal, and the
 * reader of tests/vectors. */
#ifndef WG_TESTS_WGTEST_H
#define WG_TESTS_WGTEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "base/random.h"

/* Skips the rest of a test case. The reason is in a line as scripts/skipped knows it. */
#define wg_test_skip(...)                               \
	do {                                            \
		print_message("skipped: " __VA_ARGS__); \
		print_message("\n");                    \
		skip();                                 \
	} while (0)

/* splitmix64: enough for tests, the same on every machine. */
struct wg_test_random {
	uint64_t state;
};

static inline uint64_t wg_test_next(struct wg_test_random *random)
{
	uint64_t z = random->state += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

static inline size_t wg_test_below(struct wg_test_random *random, size_t bound)
{
	return (size_t)(wg_test_next(random) % bound);
}

static inline void wg_test_fill(void *ctx, void *dst, size_t len)
{
	uint8_t *bytes = dst;

	for (size_t i = 0; i < len; i++)
		bytes[i] = (uint8_t)(wg_test_next(ctx) >> 24);
}

/* A seeded struct wg_random; the state must outlive it. */
static inline struct wg_random wg_test_source(struct wg_test_random *random)
{
	return (struct wg_random){wg_test_fill, random};
}

/* Decodes hex of at most max bytes; returns how many. Fails the test on anything else. */
static inline size_t wg_test_unhex(uint8_t *dst, size_t max, const char *hex)
{
	size_t n = strlen(hex) / 2;

	assert_true(strlen(hex) % 2 == 0 && n <= max);
	for (size_t i = 0; i < n; i++) {
		unsigned int byte;

		assert_int_equal(sscanf(hex + 2 * i, "%2x", &byte), 1);
		dst[i] = (uint8_t)byte;
	}
	return n;
}

/* One block of a vectors file: "key = value" lines. */
#define WG_TEST_MAX_FIELDS 32

struct wg_test_block {
	size_t n;
	struct {
		char key[64];
		char *value;
	} fields[WG_TEST_MAX_FIELDS];
};

static inline const char *wg_test_field(const struct wg_test_block *block, const char *key)
{
	for (size_t i = 0; i < block->n; i++)
		if (!strcmp(block->fields[i].key, key))
			return block->fields[i].value;
	fail_msg("the block has no field %s", key);
	return NULL;
}

/* The named field's bytes; exactly len of them. */
static inline void wg_test_bytes(const struct wg_test_block *block, const char *key, void *dst,
				 size_t len)
{
	assert_int_equal(wg_test_unhex(dst, len, wg_test_field(block, key)), len);
}

/* Calls each for every block of tests/vectors/NAME; returns how many there were. */
static inline size_t wg_test_vectors(const char *name, void (*each)(const struct wg_test_block *))
{
	char path[512];
	char *line = NULL;
	size_t size = 0;
	size_t n_blocks = 0;
	struct wg_test_block block = {0};
	FILE *file;
	bool more = true;

	snprintf(path, sizeof(path), "%s/%s", WG_TEST_VECTORS, name);
	file = fopen(path, "r");
	if (!file)
		fail_msg("cannot open %s", path);
	while (more) {
		char *equals;

		more = getline(&line, &size, file) >= 0;
		if (more && line[0] == '#')
			continue;
		if (more && (equals = strstr(line, " ="))) {
			char *value = equals + 2 + (equals[2] == ' ');

			value[strcspn(value, "\n")] = '\0';
			*equals = '\0';
			assert_true(block.n < WG_TEST_MAX_FIELDS);
			snprintf(block.fields[block.n].key, sizeof(block.fields[0].key), "%s",
				 line);
			block.fields[block.n++].value = strdup(value);
			continue;
		}
		if (block.n) {
			each(&block);
			n_blocks++;
		}
		while (block.n)
			free(block.fields[--block.n].value);
	}
	free(line);
	fclose(file);
	return n_blocks;
}

#endif
