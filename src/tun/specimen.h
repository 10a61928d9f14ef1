/* The packets that a probe writes to a TUN link as one, and what must come out of another
 * that they are forwarded to. Pure. Only this folder includes it. */
#ifndef WG_TUN_SPECIMEN_H
#define WG_TUN_SPECIMEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/offload.h"
#include "base/packet.h"

/* One super-packet: n segments of size bytes of payload each, and a tail. One without
 * segments is a plain packet, which shows that the way is open. */
struct wg_specimen {
	bool is_ipv6;
	bool is_udp;
	uint8_t n;
	uint16_t size;
	uint16_t tail; /* 0: there is none */
};

/* The specimens that are sent, in order; of each kind (TCP and UDP, over IPv4 and IPv6) the
 * first has a short tail. */
#define WG_SPECIMENS 20
struct wg_specimen wg_specimen(size_t i);

/* The most bytes of a specimen, and the most packets that must come out of one. */
#define WG_SPECIMEN_ROOM    4096u
#define WG_SPECIMEN_PACKETS 6u

/* Writes it as it is given to the link, with a vnet header before data. Its length. */
size_t wg_specimen_make(const struct wg_specimen *specimen, uint8_t *data);

/* How many packets must come out; and the one of that index as it must be, made from
 * nothing and not cut from the whole. Its length. */
size_t wg_specimen_packets(const struct wg_specimen *specimen);
size_t wg_specimen_expect(const struct wg_specimen *specimen, size_t index, uint8_t *packet);

/* Bytes of headers of each. */
size_t wg_specimen_header_len(const struct wg_specimen *specimen);

/* Whether a packet is one of ours; a link has some of its own. */
bool wg_specimen_is_ours(const uint8_t *packet, size_t len);

/* Compares what came out, after splitting, with what must. Bad, and why, if one is missing,
 * too many, of another length or different in any byte; otherwise good. */
void wg_specimen_judge(const struct wg_specimen *specimen, const struct wg_batch *came,
		       struct wg_offload_finding *finding);

/* Bad: it was not even taken, with -errno. */
void wg_specimen_refused(const struct wg_specimen *specimen, int error,
			 struct wg_offload_finding *finding);

#endif
