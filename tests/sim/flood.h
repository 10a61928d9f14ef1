/* Floods of handshake messages, and the cookies that are asked for because of them. */
#ifndef WG_SIM_FLOOD_H
#define WG_SIM_FLOOD_H

#include <stdlib.h>

#include "sim/puppet.h"
#include "sim/sim.h"

/* How many initiations may wait, and the part of it that means load: the document's
 * numbers. */
#define QUEUE_LEN 4096u
#define LOAD_LEN  512u

/* n messages with a right mac1, from as many sources, while the node's loop is busy. */
static inline void flood(struct wg_puppet *stranger, unsigned int n)
{
	struct wg_endpoint home = stranger->endpoint;
	bool busy = stranger->node->busy;

	stranger->node->busy = true;
	for (unsigned int i = 0; i < n; i++) {
		stranger->endpoint.ip.bytes[0] = 100;
		stranger->endpoint.ip.bytes[1] = (uint8_t)(64 + i / 65536 % 64);
		stranger->endpoint.ip.bytes[2] = (uint8_t)(i / 256);
		stranger->endpoint.ip.bytes[3] = (uint8_t)i;
		wg_puppet_say_noise(stranger);
	}
	stranger->node->busy = busy;
	stranger->endpoint = home;
}

/* Puts the node under load for a second; its queue is empty afterwards. */
static inline void load(struct wg_puppet *stranger)
{
	flood(stranger, LOAD_LEN + 1);
	wg_sim_run(stranger->node->sim, 0);
}

/* Takes the cookie out of a reply in the inbox. */
static inline bool take_cookie(struct wg_puppet *puppet)
{
	struct wg_sim_datagram *reply = wg_puppet_take(puppet, WG_MESSAGE_COOKIE_REPLY);
	bool ok;

	if (!reply)
		return false;
	assert_int_equal(reply->ds, 0);
	ok = wg_cookie_consume(&puppet->jar, (const void *)reply->bytes, puppet->node->sim->now);
	free(reply);
	return ok;
}

#endif
