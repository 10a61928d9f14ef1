/* Numbers of this program that more than one part has to agree on. */
#ifndef WG_BASE_DEFAULTS_H
#define WG_BASE_DEFAULTS_H

/* Threads that run jobs, besides the one that plans them. */
#define WG_MAX_WORKERS  64
/* In place of their number: as many as this machine can use. */
#define WG_WORKERS_AUTO (-1)

/* The port to listen on while nobody has set one: 0x7767, "wg" in ASCII. */
#define WG_DEFAULT_PORT 30567

/* Bytes of the least MTU with which a link has IPv6 (RFC 8200, section 5). */
#define WG_IPV6_MIN_MTU 1280u

#endif
