/* The messages between a tunnel's two processes: the keeper, which has the rights, and the
 * engine, which has the packets. Both ends are of one build on one machine, so numbers are
 * in its byte order; but each end takes the other one for hostile, so there is no pointer,
 * no native struct and no padding without a name, and codec.h checks all that arrives.
 *
 * A datagram of the pair holds one message or several behind each other. Descriptors go
 * along with the datagram's first message. */
#ifndef WG_PAIR_MESSAGE_H
#define WG_PAIR_MESSAGE_H

#include <assert.h>
#include <stdint.h>

#include "core/config.h"
#include "core/drops.h"

/* Goes up with every change of this file. */
#define WG_PAIR_VERSION 1u

#define WG_PAIR_MAX       32768u /* bytes of a datagram */
#define WG_PAIR_ALIGN     8u     /* where each message begins */
#define WG_PAIR_MAX_FDS   4u     /* with one datagram */
#define WG_PAIR_MAX_ASKED 64u    /* peers of one question */

/* Peers of one change: as many can go as can come (2^20, see core/device.h). */
#define WG_PAIR_MAX_PEERS       (2u << 20)
#define WG_PAIR_MAX_ALLOWED_IPS (1u << 24) /* of all of them */

#define WG_PAIR_N_SOCKETS     2u  /* IPv4, IPv6 */
#define WG_PAIR_TUN_OFFLOADS  4u  /* as enum wg_tun_offload has them */
#define WG_PAIR_UDP_OFFLOADS  2u  /* as enum wg_udp_offload has them */
#define WG_PAIR_MAX_LAYERS    16u /* of the engine's confinement */
#define WG_PAIR_AEAD_NAME_LEN 64u
#define WG_PAIR_TEXT_LEN      240u /* with its NUL */

enum wg_pair_side { WG_PAIR_KEEPER, WG_PAIR_ENGINE };

/* X(enumerator suffix, member of union wg_pair_message) */
#define WG_PAIR_TO_ENGINE(X)                                                              \
	X(HELLO, hello)               /* the first one; fds: TUN, ledger if has_ledger */ \
	X(CONFIG_BEGIN, config_begin) /* a change, see config.h */                        \
	X(CONFIG_PEER, config_peer)                                                       \
	X(CONFIG_IPS, config_ips) /* of the last peer */                                  \
	X(CONFIG_END, empty)      /* answered by APPLIED */                               \
	X(CLAMP_MSS, on_off)                                                              \
	X(LINK, link)       /* what became of it */                                       \
	X(SOCKETS, sockets) /* in the place of those before; fds: those present */        \
	X(WORKERS, workers)                                                               \
	X(OFFLOAD, offload)     /* its state from now on */                               \
	X(ASK_INTERFACE, empty) /* answered by INTERFACE */                               \
	X(ASK_PEERS, ask_peers) /* answered by PEERS */                                   \
	X(PING, empty)          /* answered by PONG */                                    \
	X(END, empty)

#define WG_PAIR_TO_KEEPER(X)                                                            \
	X(READY, ready) /* answers HELLO: confined, and takes messages */               \
	X(APPLIED, applied)                                                             \
	X(INTERFACE, interface)                                                         \
	X(PEERS, peers)                 /* as many as were asked for, in their order */ \
	X(REFUSED, offload)             /* the kernel refused it while it was in use */ \
	X(SILENT, silent)               /* a peer does not answer */                    \
	X(LOOK, empty)                  /* the link behaves oddly: look at it */        \
	X(TRAFFIC, empty)               /* packets came; each five minutes at most */   \
	X(GONE, empty)                  /* the TUN descriptor has an error: no link */  \
	X(SOCKET_FAILED, socket_failed) /* it is of no more use */                      \
	X(EVENT, event)                                                                 \
	X(BUSY, empty) /* there is work: from now on ask with PING */                   \
	X(IDLE, empty) /* there is none: let it sleep */                                \
	X(PONG, empty)                                                                  \
	X(LOG, log)                                                                     \
	X(TRAPPED, trapped) /* the last one: a system call was not allowed */

/* 0 is no message; the ones to the keeper come behind those to the engine. */
enum wg_pair_type {
	WG_PAIR_NOTHING,
#define WG_PAIR_ENUM(suffix, member) WG_PAIR_##suffix,
	WG_PAIR_TO_ENGINE(WG_PAIR_ENUM) WG_PAIR_TO_KEEPER(WG_PAIR_ENUM)
#undef WG_PAIR_ENUM
		WG_PAIR_N_TYPES
};

struct wg_pair_header {
	uint32_t type;   /* enum wg_pair_type */
	uint32_t len;    /* bytes, with this header; a multiple of WG_PAIR_ALIGN */
	uint64_t serial; /* a question's, of the asker's choice, and its answer's; else 0 */
};

/* Parts of messages. Members called zero are; booleans are 0 or 1. */

/* Bytes behind those that the family has are zero. */
struct wg_pair_ip {
	uint8_t family; /* enum wg_family */
	uint8_t zero[7];
	uint8_t bytes[16];
};

/* All zero: none. */
struct wg_pair_endpoint {
	struct wg_pair_ip ip;
	uint32_t scope;
	uint16_t port;
	uint8_t zero[2];
};

struct wg_pair_allowed_ip {
	struct wg_pair_ip ip;
	uint8_t bits;
	uint8_t remove;
	uint8_t zero[6];
};

struct wg_pair_caller {
	struct wg_pair_endpoint source;
	uint8_t public_key[WG_KEY_LEN];
	uint64_t calls;
	uint32_t age_sec;
	uint8_t zero[4];
};

struct wg_pair_peer {
	struct wg_pair_endpoint endpoint;
	int64_t handshake_sec;
	uint64_t rx_bytes;
	uint64_t tx_bytes;
	int32_t handshake_nsec;
	uint32_t initiations_sent;
	uint32_t responses_sent;
	uint32_t responses_refused;
	uint32_t timestamps_refused;
	int32_t send_error;
	uint32_t report_age_sec;
	uint8_t found; /* 0: there is no such peer, and all is zero */
	uint8_t session;
	uint8_t usable_key;
	uint8_t report; /* enum wg_report_kind */
	struct wg_pair_ip reported_by;
};

/* Messages. */

/* CONFIG_END, ASK_INTERFACE, PING, END, LOOK, TRAFFIC, GONE, BUSY, IDLE, PONG */
struct wg_pair_empty {
	struct wg_pair_header header;
};

struct wg_pair_on_off {
	struct wg_pair_header header;
	uint8_t on;
	uint8_t zero[7];
};

struct wg_pair_hello {
	struct wg_pair_header header;
	uint32_t version; /* WG_PAIR_VERSION; to be compared before anything else */
	int32_t log_level;
	int32_t workers;                            /* WG_WORKERS_AUTO, or up to WG_MAX_WORKERS */
	uint8_t tun_offloads[WG_PAIR_TUN_OFFLOADS]; /* enum wg_offload_state */
	uint8_t udp_offloads[WG_PAIR_UDP_OFFLOADS];
	uint8_t has_ledger;
	uint8_t zero[5];
};

struct wg_pair_config_begin {
	struct wg_pair_header header;
	uint8_t private_key[WG_KEY_LEN]; /* zero: none */
	uint32_t n_peers;                /* that come */
	uint32_t fwmark;
	uint16_t listen_port;
	uint8_t has_private_key;
	uint8_t has_listen_port;
	uint8_t has_fwmark;
	uint8_t replace_peers;
	uint8_t zero[2];
};

struct wg_pair_config_peer {
	struct wg_pair_header header;
	uint8_t public_key[WG_KEY_LEN];
	uint8_t preshared_key[WG_KEY_LEN]; /* zero: none */
	struct wg_pair_endpoint endpoint;
	uint32_t n_allowed_ips; /* that come */
	uint16_t keepalive;
	uint8_t has_preshared_key;
	uint8_t has_endpoint;
	uint8_t has_keepalive;
	uint8_t remove;
	uint8_t update_only;
	uint8_t replace_allowed_ips;
	uint8_t zero[4];
};

struct wg_pair_config_ips {
	struct wg_pair_header header;
	uint32_t n; /* 1 and more */
	uint8_t zero[4];
	struct wg_pair_allowed_ip records[];
};

struct wg_pair_link {
	struct wg_pair_header header;
	uint32_t mtu; /* bytes; 0: not known */
	uint8_t up;
	uint8_t zero[3];
};

/* None present: they are closed. */
struct wg_pair_sockets {
	struct wg_pair_header header;
	uint32_t fwmark;
	uint16_t port;
	uint8_t present[WG_PAIR_N_SOCKETS];
};

struct wg_pair_workers {
	struct wg_pair_header header;
	int32_t n; /* as in wg_pair_hello */
	uint8_t zero[4];
};

/* OFFLOAD; REFUSED, where state is WG_OFFLOAD_FAILED. */
struct wg_pair_offload {
	struct wg_pair_header header;
	uint8_t of_udp; /* else of the TUN device */
	uint8_t which;  /* enum wg_tun_offload or wg_udp_offload */
	uint8_t state;  /* enum wg_offload_state */
	uint8_t zero[5];
};

struct wg_pair_ask_peers {
	struct wg_pair_header header;
	uint32_t n; /* 1 to WG_PAIR_MAX_ASKED */
	uint8_t zero[4];
	uint8_t records[][WG_KEY_LEN]; /* public keys */
};

/* The layers as struct wg_confine_report has them; errors behind the last one are 0. */
struct wg_pair_ready {
	struct wg_pair_header header;
	uint32_t version; /* WG_PAIR_VERSION */
	uint32_t layers;  /* that are held: bit 1 << layer */
	int32_t errors[WG_PAIR_MAX_LAYERS];
};

struct wg_pair_applied {
	struct wg_pair_header header;
	int32_t error; /* 0 or -errno, and then nothing was changed */
	uint8_t zero[4];
};

/* See status.h. */
struct wg_pair_interface {
	struct wg_pair_header header;
	uint64_t drops[WG_DROP_COUNT];
	uint64_t unmarked;
	uint64_t link_read;
	uint64_t link_written;
	uint64_t link_no_memory;
	uint64_t link_malformed;
	uint64_t link_refused;
	uint64_t link_failed;
	uint64_t socket_queue;
	uint64_t socket_no_memory;
	uint64_t socket_failed;
	uint64_t bytes_held;
	struct wg_pair_caller callers[WG_N_CALLERS];
	uint32_t mtu;
	uint32_t workers;
	uint8_t tun_offloads[WG_PAIR_TUN_OFFLOADS]; /* enum wg_offload_state */
	uint8_t udp_offloads[WG_PAIR_UDP_OFFLOADS];
	uint8_t zero[2];
	char aead[WG_PAIR_AEAD_NAME_LEN]; /* filled up with NULs, as all text is */
};

struct wg_pair_peers {
	struct wg_pair_header header;
	uint32_t n; /* 1 to WG_PAIR_MAX_ASKED */
	uint8_t zero[4];
	struct wg_pair_peer records[];
};

struct wg_pair_silent {
	struct wg_pair_header header;
	uint8_t public_key[WG_KEY_LEN];
	struct wg_pair_endpoint endpoint;
	uint32_t initiations;
	uint8_t zero[4];
};

struct wg_pair_socket_failed {
	struct wg_pair_header header;
	int32_t error; /* -errno */
	uint8_t socket;
	uint8_t zero[3];
};

enum wg_pair_event_kind {
	WG_PAIR_EVENT_HANDSHAKE, /* one is complete */
	WG_PAIR_EVENT_ROAMED,    /* the endpoint is another one than before */
	WG_PAIR_N_EVENTS
};

struct wg_pair_event {
	struct wg_pair_header header;
	uint8_t public_key[WG_KEY_LEN];
	struct wg_pair_endpoint endpoint;
	int64_t wall_sec;
	int32_t wall_nsec;
	uint8_t kind; /* enum wg_pair_event_kind */
	uint8_t zero[3];
};

struct wg_pair_log {
	struct wg_pair_header header;
	int32_t level; /* enum wg_log_level */
	uint8_t zero[4];
	char text[WG_PAIR_TEXT_LEN];
};

struct wg_pair_trapped {
	struct wg_pair_header header;
	int32_t number; /* of the system call */
	uint32_t arch;  /* AUDIT_ARCH_... */
};

union wg_pair_message {
	struct wg_pair_header header;
	struct wg_pair_empty empty;
	struct wg_pair_on_off on_off;
	struct wg_pair_hello hello;
	struct wg_pair_config_begin config_begin;
	struct wg_pair_config_peer config_peer;
	struct wg_pair_config_ips config_ips;
	struct wg_pair_link link;
	struct wg_pair_sockets sockets;
	struct wg_pair_workers workers;
	struct wg_pair_offload offload;
	struct wg_pair_ask_peers ask_peers;
	struct wg_pair_ready ready;
	struct wg_pair_applied applied;
	struct wg_pair_interface interface;
	struct wg_pair_peers peers;
	struct wg_pair_silent silent;
	struct wg_pair_socket_failed socket_failed;
	struct wg_pair_event event;
	struct wg_pair_log log;
	struct wg_pair_trapped trapped;
};

/* Nothing is between the members, nor behind them. */
static_assert(sizeof(struct wg_pair_header) == 16, "wire size");
static_assert(sizeof(struct wg_pair_ip) == 24, "wire size");
static_assert(sizeof(struct wg_pair_endpoint) == 32, "wire size");
static_assert(sizeof(struct wg_pair_allowed_ip) == 32, "wire size");
static_assert(sizeof(struct wg_pair_caller) == 80, "wire size");
static_assert(sizeof(struct wg_pair_peer) == 112, "wire size");
static_assert(sizeof(struct wg_pair_on_off) == 24, "wire size");
static_assert(sizeof(struct wg_pair_hello) == 40, "wire size");
static_assert(sizeof(struct wg_pair_config_begin) == 64, "wire size");
static_assert(sizeof(struct wg_pair_config_peer) == 128, "wire size");
static_assert(sizeof(struct wg_pair_config_ips) == 24, "wire size");
static_assert(sizeof(struct wg_pair_link) == 24, "wire size");
static_assert(sizeof(struct wg_pair_sockets) == 24, "wire size");
static_assert(sizeof(struct wg_pair_workers) == 24, "wire size");
static_assert(sizeof(struct wg_pair_offload) == 24, "wire size");
static_assert(sizeof(struct wg_pair_ask_peers) == 24, "wire size");
static_assert(sizeof(struct wg_pair_ready) == 24 + 4 * WG_PAIR_MAX_LAYERS, "wire size");
static_assert(sizeof(struct wg_pair_applied) == 24, "wire size");
static_assert(sizeof(struct wg_pair_interface) ==
		      16 + 8 * (WG_DROP_COUNT + 11) + 80 * WG_N_CALLERS + 16 + 64,
	      "wire size");
static_assert(sizeof(struct wg_pair_peers) == 24, "wire size");
static_assert(sizeof(struct wg_pair_silent) == 88, "wire size");
static_assert(sizeof(struct wg_pair_socket_failed) == 24, "wire size");
static_assert(sizeof(struct wg_pair_event) == 96, "wire size");
static_assert(sizeof(struct wg_pair_log) == 264, "wire size");
static_assert(sizeof(struct wg_pair_trapped) == 24, "wire size");
static_assert(sizeof(struct wg_pair_peers) + WG_PAIR_MAX_ASKED * sizeof(struct wg_pair_peer) <=
		      WG_PAIR_MAX,
	      "an answer is one datagram");

#endif
