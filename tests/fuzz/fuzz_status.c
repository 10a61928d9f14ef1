/* The text that a status travels as: whatever arrives, what is read can be shown, and how
 * it is cut into pieces, which the first byte says, makes no difference. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/show.h"
#include "ctl/status.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct shown {
	FILE *text;
	struct wg_show_json json;
};

static int show_interface(void *ctx, const struct wg_status *status)
{
	struct shown *shown = ctx;

	wg_show_interface(shown->text, "wg0", status);
	wg_show_json_interface(&shown->json, "wg0", status);
	return 0;
}

static int show_peer(void *ctx, const struct wg_status *status)
{
	struct shown *shown = ctx;

	wg_show_peer(shown->text, status, 0, 0);
	wg_show_json_peer(&shown->json, status, 0);
	return 0;
}

/* Reads in pieces of that size, printing as it goes. */
static int show(const char *data, size_t size, size_t step, bool compact, char **text, size_t *len)
{
	struct shown shown = {.text = open_memstream(text, len)};
	const struct wg_status_handler handler = {show_interface, show_peer, &shown};
	struct wg_status_reader reader;
	struct wg_status status;
	int result = 0;

	if (!shown.text)
		abort();
	wg_show_json_begin(&shown.json, shown.text, compact, 0);
	wg_status_init(&status);
	wg_status_reader_init(&reader, &status, &handler);
	while (size && !result) {
		size_t n = size < step ? size : step;

		result = wg_status_read(&reader, data, n);
		data += n;
		size -= n;
	}
	wg_status_reader_deinit(&reader);
	wg_status_deinit(&status);
	wg_show_json_end(&shown.json);
	fclose(shown.text);
	return result;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t step = size ? data[0] / 2 + 1u : 1;
	bool compact = size && data[0] % 2;
	const char *text = (const char *)data + (size > 0);
	char *whole;
	char *pieces;
	size_t whole_len;
	size_t pieces_len;

	size -= size > 0;
	if (show(text, size, SIZE_MAX, compact, &whole, &whole_len) !=
		    show(text, size, step, compact, &pieces, &pieces_len) ||
	    whole_len != pieces_len || memcmp(whole, pieces, whole_len) != 0)
		abort();
	free(whole);
	free(pieces);
	return 0;
}
