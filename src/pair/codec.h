/* Datagrams of the pair: writing messages into one, and checking one that arrived. */
#ifndef WG_PAIR_CODEC_H
#define WG_PAIR_CODEC_H

#include <stdalign.h>
#include <stddef.h>
#include <stdint.h>

#include "pair/message.h"

struct wg_pair_datagram {
	size_t len;
	size_t n_fds;
	int fds[WG_PAIR_MAX_FDS]; /* descriptors of the first message */
	alignas(WG_PAIR_ALIGN) uint8_t bytes[WG_PAIR_MAX];
};

/* Makes it empty; what was in bytes stays there. */
void wg_pair_datagram_init(struct wg_pair_datagram *datagram);

/* Makes it empty, and wipes what was in it: keys, perhaps. Descriptors stay whose they are. */
void wg_pair_datagram_wipe(struct wg_pair_datagram *datagram);

/* Appends a message whose members are all zero, to be filled in by the caller; n is how many
 * records it has (CONFIG_IPS, ASK_PEERS, PEERS), 0 for all others. It is valid until the
 * datagram is wiped. NULL when there is no room: send what there is, and then again. */
union wg_pair_message *wg_pair_add(struct wg_pair_datagram *datagram, enum wg_pair_type type,
				   size_t n, uint64_t serial);

/* Checks all of what arrived at that side: types and who may send them, lengths, counts,
 * enums, indices, booleans, addresses, errors, what has to be zero, and how many descriptors
 * came along. Text is made printable. 0 or -EPROTO. */
int wg_pair_check(struct wg_pair_datagram *datagram, enum wg_pair_side to);

/* The next message of a datagram that was checked; *at is 0 at first. NULL: no more. */
const union wg_pair_message *wg_pair_next(const struct wg_pair_datagram *datagram, size_t *at);

/* Copies as much of the text as there is room for, with a NUL, into a message's text of
 * size bytes. */
void wg_pair_set_text(char *dst, size_t size, const char *text);

/* Addresses, in and out of messages. */
struct wg_pair_ip wg_pair_from_ip(const struct wg_ip *ip);
struct wg_pair_endpoint wg_pair_from_endpoint(const struct wg_endpoint *endpoint);
struct wg_ip wg_pair_to_ip(const struct wg_pair_ip *ip);
struct wg_endpoint wg_pair_to_endpoint(const struct wg_pair_endpoint *endpoint);

#endif
