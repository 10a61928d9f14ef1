/* A change of the engine's configuration as messages: CONFIG_BEGIN, for each peer
 * CONFIG_PEER and its allowed IPs in as many CONFIG_IPS as it takes, CONFIG_END. */
#ifndef WG_PAIR_CONFIG_H
#define WG_PAIR_CONFIG_H

#include <stdbool.h>

#include "pair/codec.h"

/* The keeper's end: a cursor over a change, which stays the caller's and as it is until all
 * of it is written. */
struct wg_pair_config_writer {
	const struct wg_config *config;
	uint64_t serial; /* CONFIG_END's */
	bool begun;
	bool ended;
	bool in_peer; /* the next one's allowed IPs are being written */
	size_t peer;
	size_t allowed_ip;
};

/* Puts the cursor before all of it. 0; -EINVAL for what wg_device_apply would refuse so;
 * -ENOSPC for more than WG_PAIR_MAX_PEERS or WG_PAIR_MAX_ALLOWED_IPS. Nothing is written
 * then. */
int wg_pair_config_write_begin(struct wg_pair_config_writer *writer, const struct wg_config *config,
			       uint64_t serial);

/* Appends as much of what follows as the datagram has room for. Whether there is more, for
 * which the datagram has to be sent and wiped: it holds keys. */
bool wg_pair_config_write(struct wg_pair_config_writer *writer, struct wg_pair_datagram *datagram);

/* The engine's end. All zero: nothing has come. */
struct wg_pair_config_reader {
	struct wg_config config;
	bool under_way;
	int error; /* -ENOMEM: memory was out, what comes is passed over */
	uint32_t peers_left;
	uint32_t allowed_ips_left; /* of the last peer */
	uint32_t n_allowed_ips;
};

void wg_pair_config_reader_init(struct wg_pair_config_reader *reader);

/* Frees what has come, and wipes the keys; ready for the next change. */
void wg_pair_config_reader_deinit(struct wg_pair_config_reader *reader);

/* Takes one of the four messages. 0: more has to come. 1: the change is complete, and is
 * reader->config until wg_pair_config_reader_deinit, which has to come next. -ENOMEM: it is
 * over, but memory was out on the way. -EPROTO: that message was not due. After either,
 * nothing is held. */
int wg_pair_config_read(struct wg_pair_config_reader *reader, const union wg_pair_message *message);

#endif
