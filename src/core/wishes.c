#include "core/wishes.h"

#include <stddef.h>

#include "base/bytes.h"
#include "core/peer.h"

void wg_wishes_init(struct wg_wishes *wishes)
{
	for (int wish = 0; wish < WG_WISH_COUNT; wish++)
		wg_list_init(&wishes->peers[wish]);
	wishes->turn = 0;
}

bool wg_wishes_empty(const struct wg_wishes *wishes)
{
	for (int wish = 0; wish < WG_WISH_COUNT; wish++)
		if (!wg_list_empty(&wishes->peers[wish]))
			return false;
	return true;
}

void wg_wishes_add(struct wg_wishes *wishes, struct wg_peer *peer, enum wg_wish wish)
{
	if (!wg_list_empty(&peer->wants_handshake) && peer->wish <= wish)
		return;
	wg_list_remove(&peer->wants_handshake);
	wg_list_push(&wishes->peers[wish], &peer->wants_handshake);
	peer->wish = (uint8_t)wish;
}

struct wg_peer *wg_wishes_take(struct wg_wishes *wishes)
{
	/* The wish at which each turn looks first: half of the turns are the most urgent
	 * wish's, and every wish has some. */
	static const uint8_t first[] = {WG_WISH_RENEW,     WG_WISH_DATA,  WG_WISH_RENEW,
					WG_WISH_KEEPALIVE, WG_WISH_RENEW, WG_WISH_DATA,
					WG_WISH_RENEW,     WG_WISH_AGAIN};
	unsigned int wish = first[wishes->turn++ % WG_ARRAY_LEN(first)];

	for (int i = 0; i < WG_WISH_COUNT; i++, wish = (wish + 1) % WG_WISH_COUNT) {
		struct wg_list *entry = wg_list_pop(&wishes->peers[wish]);

		if (entry)
			return WG_CONTAINER_OF(entry, struct wg_peer, wants_handshake);
	}
	return NULL;
}

void wg_wishes_put_back(struct wg_wishes *wishes, struct wg_peer *peer)
{
	struct wg_list *peers = &wishes->peers[peer->wish];

	wg_list_push(peers->next, &peer->wants_handshake);
}
