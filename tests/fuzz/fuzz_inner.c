/* An engine with a session, and arbitrary packets on both of its sides. The input is a
 * list of steps, each of them an operation, an argument, a length (big-endian, two
 * bytes) and so many bytes:
 *
 *   0  from the peer, sealed as it should be; the argument is the outer DS field
 *   1  from the link
 *   2  from the network, from the port 4000 + argument
 *   3  an initiation with right mac1, its middle replaced by the bytes
 *   4  a response or cookie reply (argument odd) to the engine's last handshake
 *   5  time passes: the argument in seconds, and as many milliseconds as there are bytes
 *   6  from the link, twice, as one flow
 *   7  the link's MTU: the argument
 *
 * What comes out of the link's side must be the peer's own, as long as its header
 * says, or an error about what came from the link. */
#include <stdint.h>
#include <stdlib.h>

#include "sim/ip.h"
#include "sim/puppet.h"
#include "sim/sim.h"

#define MAX_LEN 2000u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

struct step {
	uint8_t operation;
	uint8_t argument;
	size_t len;
	const uint8_t *bytes;
};

static struct wg_puppet *puppet;
static bool from_link;

static bool next_step(struct step *step, const uint8_t **data, size_t *len)
{
	if (*len < 4)
		return false;
	step->operation = (*data)[0] % 8;
	step->argument = (*data)[1];
	step->len = wg_load_be16(*data + 2);
	*data += 4;
	*len -= 4;
	if (step->len > *len)
		step->len = *len;
	if (step->len > MAX_LEN)
		step->len = MAX_LEN;
	step->bytes = *data;
	*data += step->len;
	*len -= step->len;
	return true;
}

static void check_delivery(struct wg_sim_node *node, const uint8_t *bytes, size_t len)
{
	struct wg_sim_ip_error error;
	struct wg_ip source;
	size_t said;

	if (from_link) {
		if (!wg_sim_ip_parse_error(bytes, len, &error))
			wg_sim_fail(node->sim, "the link got something else than an error");
		return;
	}
	if (len < 20 || (bytes[0] >> 4 != 4 && (bytes[0] >> 4 != 6 || len < 40)))
		wg_sim_fail(node->sim, "the link got what is no packet");
	if (bytes[0] >> 4 == 4) {
		said = wg_load_be16(bytes + 2);
		source = wg_ip_from_bytes(WG_FAMILY_IPV4, bytes + 12);
	} else {
		said = wg_load_be16(bytes + 4) + 40u;
		source = wg_ip_from_bytes(WG_FAMILY_IPV6, bytes + 8);
	}
	if (said != len)
		wg_sim_fail(node->sim, "a packet of %zu bytes says %zu", len, said);
	if (!wg_ip_equal(&source, &puppet->inner4) && !wg_ip_equal(&source, &puppet->inner6))
		wg_sim_fail(node->sim, "a packet from an address that is not the peer's");
}

static void from_peer(const struct step *step)
{
	uint8_t message[MAX_LEN + WG_TRANSPORT_OVERHEAD];
	size_t len = wg_puppet_seal(&puppet->session, puppet->session.send_counter++, step->bytes,
				    step->len, message);

	wg_sim_from_udp(puppet->node, &puppet->endpoint, step->argument, message, len);
}

static void from_network(const struct step *step)
{
	struct wg_endpoint source = puppet->endpoint;

	source.port = (uint16_t)(4000 + step->argument);
	wg_sim_from_udp(puppet->node, &source, 0, step->bytes, step->len);
}

static void initiation(const struct step *step)
{
	struct wg_wire_initiation *message = &puppet->initiation;
	size_t room = offsetof(struct wg_wire_initiation, mac1) -
		      offsetof(struct wg_wire_initiation, sender);

	wg_puppet_make_initiation(puppet);
	memcpy(message->sender, step->bytes, step->len < room ? step->len : room);
	wg_cookie_sign(&puppet->jar, message, sizeof(*message), 0);
	wg_puppet_say(puppet, message, sizeof(*message));
}

/* An answer that names the engine's last handshake or session. */
static void answer(const struct step *step)
{
	const struct wg_sim_datagram *last = wg_sim_last(
		puppet->node, step->argument & 2 ? WG_MESSAGE_RESPONSE : WG_MESSAGE_INITIATION);
	struct wg_wire_response message = {.type = {WG_MESSAGE_RESPONSE}};
	struct wg_wire_cookie_reply reply = {.type = {WG_MESSAGE_COOKIE_REPLY}};
	size_t room = sizeof(message.ephemeral) + sizeof(message.empty);

	if (last)
		memcpy(message.receiver, last->bytes + 4, sizeof(message.receiver));
	memcpy(reply.receiver, message.receiver, sizeof(reply.receiver));
	if (step->argument & 1) {
		room = sizeof(reply.nonce) + sizeof(reply.cookie);
		memcpy(reply.nonce, step->bytes, step->len < room ? step->len : room);
		wg_puppet_say(puppet, &reply, sizeof(reply));
		return;
	}
	memcpy(message.ephemeral, step->bytes, step->len < room ? step->len : room);
	wg_cookie_sign(&puppet->jar, &message, sizeof(message), 0);
	wg_puppet_say(puppet, &message, sizeof(message));
}

static void take_step(const struct step *step)
{
	const uint8_t *twice[2] = {step->bytes, step->bytes};
	const size_t lens[2] = {step->len, step->len};

	from_link = step->operation == 1 || step->operation == 6;
	switch (step->operation) {
	case 0:
		from_peer(step);
		break;
	case 1:
		wg_sim_from_tun(puppet->node, step->bytes, step->len);
		break;
	case 2:
		from_network(step);
		break;
	case 3:
		initiation(step);
		break;
	case 4:
		answer(step);
		break;
	case 5:
		wg_sim_run(puppet->node->sim,
			   step->argument * WG_SECOND + (wg_time)step->len * WG_MILLISECOND);
		break;
	case 6:
		wg_sim_from_tun_batch(puppet->node, twice, lens, 2, true);
		break;
	default:
		wg_device_set_mtu(puppet->node->device, step->argument);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct wg_sim *sim = wg_sim_new(1);
	struct step step;

	sim->delivered = check_delivery;
	puppet = wg_puppet_new(wg_sim_add(sim));
	wg_puppet_befriend(puppet, true);
	wg_puppet_shake(puppet);
	while (next_step(&step, &data, &len))
		take_step(&step);
	wg_sim_free(sim);
	return 0;
}
