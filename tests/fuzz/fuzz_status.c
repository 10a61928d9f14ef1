/* The text that a status travels as: whatever arrives, what is read can be shown. */
#include <stdint.h>
#include <stdio.h>

#include "ctl/show.h"
#include "ctl/status.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static FILE *sink;
	struct wg_status status;

	if (!sink)
		sink = fopen("/dev/null", "w");
	wg_status_init(&status);
	if (!wg_status_parse(&status, (const char *)data, size)) {
		wg_show_text(sink, "wg0", &status, 0);
		json_decref(wg_show_json("wg0", &status));
	}
	wg_status_deinit(&status);
	return 0;
}
