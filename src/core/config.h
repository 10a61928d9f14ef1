/* A device's configuration as plain data: a change that is wanted, or a snapshot of
 * what is. The control socket, the configuration file and show all speak it. */
#ifndef WG_CORE_CONFIG_H
#define WG_CORE_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/endpoint.h"
#include "base/report.h"
#include "crypto/lockedkey.h"
#include "crypto/x25519.h"

struct wg_config_allowed_ip {
	struct wg_prefix prefix;
	bool remove; /* change: take it from this peer, if it has it */
};

/* Snapshot only: the health of a peer, which tells why it has no session. Counts begin anew
 * with every complete handshake. */
struct wg_config_health {
	bool session;                /* there is one that can be sent with */
	bool usable_key;             /* handshakes can be had with its key and ours */
	uint32_t initiations_sent;   /* by us, and not answered */
	uint32_t responses_sent;     /* by us, and not confirmed */
	uint32_t responses_refused;  /* responses from it that did not open: another key, or another
					preshared key */
	uint32_t timestamps_refused; /* initiations from it that were not newer than the last */
	int send_error;              /* -errno of the last datagram to it; 0: it went */

	/* Filled in by the shell: the network's last report of the way to the peer. Anybody
	 * can forge one. */
	enum wg_report_kind report;
	uint32_t report_age_sec;
	struct wg_ip reported_by;
};

struct wg_config_peer {
	uint8_t public_key[WG_KEY_LEN];
	struct wg_endpoint endpoint; /* where has_endpoint */
	uint16_t keepalive;          /* seconds; 0: off */

	bool has_preshared_key;
	bool has_endpoint;
	bool has_keepalive;
	bool remove;              /* change: forget the peer */
	bool update_only;         /* change: nothing if there is no such peer */
	bool replace_allowed_ips; /* change: these instead of all it has */

	struct wg_config_allowed_ip *allowed_ips;
	size_t n_allowed_ips;
	size_t allowed_ips_capacity;

	struct wg_lockedkey preshared_key;

	/* Snapshot only. */
	int64_t handshake_sec; /* wall clock of the last handshake; 0: none yet */
	int32_t handshake_nsec;
	uint64_t rx_bytes;
	uint64_t tx_bytes;
	struct wg_config_health health;
};

/* Snapshot only: initiations that came to nothing, of which only the last of a series is
 * known. Sources and keys are what they claim to be. */
enum wg_config_caller_kind {
	WG_CALLER_WRONG_KEY, /* it has another public key for us */
	WG_CALLER_UNKNOWN,   /* its own key is no peer's */
	WG_N_CALLERS
};

struct wg_config_caller {
	uint64_t calls;                 /* 0: nobody */
	uint32_t age_sec;               /* of the last one */
	struct wg_endpoint source;      /* its */
	uint8_t public_key[WG_KEY_LEN]; /* the caller's, where it can be told: WG_CALLER_UNKNOWN */
};

struct wg_config {
	struct wg_lockedkey private_key;
	uint16_t listen_port; /* host order; change: 0 asks for any free one */
	uint32_t fwmark;      /* 0: none */

	bool has_private_key;
	bool has_listen_port;
	bool has_fwmark;
	bool replace_peers; /* change: these peers instead of all there are */

	struct wg_config_peer *peers;
	size_t n_peers;
	size_t peers_capacity;

	struct wg_config_caller callers[WG_N_CALLERS]; /* snapshot only */
};

void wg_config_init(struct wg_config *config);

/* Frees all that config holds, wipes its keys, and leaves it empty. */
void wg_config_deinit(struct wg_config *config);

/* Frees the peers in the same way; their place is kept, empty. */
void wg_config_clear_peers(struct wg_config *config);

/* Appends an empty peer; valid until the next is added. NULL: out of memory. */
struct wg_config_peer *wg_config_add_peer(struct wg_config *config);

/* Appends an allowed IP. 0 or -ENOMEM. */
int wg_config_add_allowed_ip(struct wg_config_peer *peer, const struct wg_prefix *prefix,
			     bool remove);

#endif
