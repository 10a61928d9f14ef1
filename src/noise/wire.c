#include "noise/wire.h"

#include <stdbool.h>

#include "base/bytes.h"

static bool has_length_of(uint32_t type, size_t len)
{
	/* First, because nearly all are that. */
	if (type == WG_MESSAGE_TRANSPORT)
		return len >= WG_TRANSPORT_OVERHEAD;
	switch (type) {
	case WG_MESSAGE_INITIATION:
		return len == sizeof(struct wg_wire_initiation);
	case WG_MESSAGE_RESPONSE:
		return len == sizeof(struct wg_wire_response);
	case WG_MESSAGE_COOKIE_REPLY:
		return len == sizeof(struct wg_wire_cookie_reply);
	}
	return false;
}

enum wg_message wg_wire_classify(const void *data, size_t len)
{
	uint32_t type;

	if (len < sizeof(type))
		return WG_MESSAGE_INVALID;
	type = wg_load_le32(data); /* and three reserved bytes, which must be zero */
	return has_length_of(type, len) ? (enum wg_message)type : WG_MESSAGE_INVALID;
}
