/* The control socket's requests. The first byte says how the rest is cut into pieces:
 * the outcome must not depend on it, and what was read must print and read again. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "uapi.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void require(bool holds)
{
	if (!holds)
		abort();
}

static uint32_t scope(const char *name)
{
	return (uint32_t)strlen(name) % 3;
}

static int parse(struct wg_uapi_parser *parser, const char *text, size_t len, size_t step)
{
	int result = 0;

	while (len && result == 0) {
		size_t used;

		result = wg_uapi_parse(parser, text, len < step ? len : step, &used);
		require(used <= len);
		text += used;
		len -= used;
	}
	return result;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct wg_uapi_parser *whole = wg_uapi_parser_new(scope);
	struct wg_uapi_parser *pieces = wg_uapi_parser_new(scope);
	size_t step = len ? data[0] + 1u : 1;
	int result;
	int same;

	require(whole && pieces);
	data += len > 0;
	len -= len > 0;
	result = parse(whole, (const char *)data, len, SIZE_MAX);
	same = parse(pieces, (const char *)data, len, step);
	require(same == result);
	require(wg_uapi_config(whole)->n_peers == wg_uapi_config(pieces)->n_peers);
	if (result == 1) {
		size_t a_len;
		size_t b_len;
		char *a = wg_test_answer(wg_uapi_config(whole), &a_len);
		char *b = wg_test_answer(wg_uapi_config(pieces), &b_len);

		require(a && b && a_len == b_len && !memcmp(a, b, a_len));
		free(a);
		free(b);
	}
	wg_uapi_parser_free(whole);
	wg_uapi_parser_free(pieces);
	return 0;
}
