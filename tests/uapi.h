/* A get's answer as a whole, from its pieces. */
#ifndef WG_TEST_UAPI_H
#define WG_TEST_UAPI_H

#include "ctl/uapi.h"

/* malloc'ed, *len bytes without NUL; NULL: out of memory. */
static inline char *wg_test_answer(const struct wg_config *config, size_t *len)
{
	char end[WG_UAPI_ERRNO_LEN];
	struct wg_text text;

	wg_text_init(&text);
	wg_uapi_format_device(&text, config);
	wg_uapi_format_peers(&text, config);
	wg_text_add(&text, end, wg_uapi_format_errno(end, WG_UAPI_GET, 0));
	return wg_text_take(&text, len);
}

#endif
