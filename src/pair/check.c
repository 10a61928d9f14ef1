#include "pair/check.h"

#include "base/bytes.h"
#include "base/defaults.h"
#include "base/log.h"
#include "base/offload.h"
#include "crypto/secret.h"

#define MAX_ERRNO 4095 /* Linux, include/linux/err.h */
#define MAX_MTU   65535u

#define IS_ZERO(array) wg_is_zero(array, sizeof(array))

static bool is_bool(uint8_t value)
{
	return value <= 1;
}

static bool is_ip(const struct wg_pair_ip *ip)
{
	size_t len = wg_family_len(ip->family);

	return (len || ip->family == WG_FAMILY_NONE) && IS_ZERO(ip->zero) &&
	       wg_is_zero(ip->bytes + len, sizeof(ip->bytes) - len);
}

/* A datagram's source may have any port. */
bool wg_pair_is_endpoint(const struct wg_pair_endpoint *endpoint)
{
	if (!is_ip(&endpoint->ip) || !IS_ZERO(endpoint->zero))
		return false;
	if (endpoint->ip.family == WG_FAMILY_NONE && endpoint->port)
		return false;
	return endpoint->ip.family == WG_FAMILY_IPV6 || !endpoint->scope;
}

static bool is_known_endpoint(const struct wg_pair_endpoint *endpoint)
{
	return wg_pair_is_endpoint(endpoint) && endpoint->ip.family != WG_FAMILY_NONE;
}

bool wg_pair_is_wall_clock(int64_t sec, int32_t nsec)
{
	return sec >= 0 && nsec >= 0 && nsec < WG_SECOND;
}

static bool is_log_level(int32_t level)
{
	return level >= WG_LOG_ERROR && level <= WG_LOG_DEBUG;
}

static bool is_result(int32_t error)
{
	return error <= 0 && error >= -MAX_ERRNO;
}

static bool is_number_of_workers(int32_t n)
{
	return n >= WG_WORKERS_AUTO && n <= (int32_t)WG_MAX_WORKERS;
}

static bool are_states(const uint8_t *states, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (states[i] > WG_OFFLOAD_BROKEN)
			return false;
	return true;
}

/* Whether it ends within its bytes, with nothing behind the end. What is not printable is
 * made so: it goes to terminals. */
static bool mend_text(char *text, size_t size)
{
	size_t len = 0;

	while (len < size && text[len]) {
		if (text[len] < ' ' || text[len] > '~')
			text[len] = '?';
		len++;
	}
	return len < size && wg_is_zero(text + len, size - len);
}

static bool check_empty(union wg_pair_message *message)
{
	(void)message;
	return true;
}

static bool check_on_off(union wg_pair_message *message)
{
	return is_bool(message->on_off.on) && IS_ZERO(message->on_off.zero);
}

static bool check_hello(union wg_pair_message *message)
{
	const struct wg_pair_hello *hello = &message->hello;

	return (is_log_level(hello->log_level) || hello->log_level == WG_LOG_SILENT) &&
	       is_number_of_workers(hello->workers) &&
	       are_states(hello->tun_offloads, WG_PAIR_TUN_OFFLOADS) &&
	       are_states(hello->udp_offloads, WG_PAIR_UDP_OFFLOADS) &&
	       is_bool(hello->has_ledger) && IS_ZERO(hello->zero);
}

static bool check_config_begin(union wg_pair_message *message)
{
	const struct wg_pair_config_begin *begin = &message->config_begin;

	return begin->n_peers <= WG_PAIR_MAX_PEERS && is_bool(begin->has_private_key) &&
	       is_bool(begin->has_listen_port) && is_bool(begin->has_fwmark) &&
	       is_bool(begin->replace_peers) && IS_ZERO(begin->zero) &&
	       (begin->has_private_key || IS_ZERO(begin->private_key)) &&
	       (begin->has_listen_port || !begin->listen_port) &&
	       (begin->has_fwmark || !begin->fwmark);
}

static bool check_config_peer(union wg_pair_message *message)
{
	const struct wg_pair_config_peer *peer = &message->config_peer;

	if (!is_bool(peer->has_preshared_key) || !is_bool(peer->has_endpoint) ||
	    !is_bool(peer->has_keepalive) || !is_bool(peer->remove) ||
	    !is_bool(peer->update_only) || !is_bool(peer->replace_allowed_ips) ||
	    !IS_ZERO(peer->zero) || peer->n_allowed_ips > WG_PAIR_MAX_ALLOWED_IPS)
		return false;
	if (!wg_pair_is_endpoint(&peer->endpoint) ||
	    peer->has_endpoint != (peer->endpoint.ip.family != WG_FAMILY_NONE) ||
	    peer->has_endpoint != (peer->endpoint.port != 0))
		return false;
	return (peer->has_preshared_key || IS_ZERO(peer->preshared_key)) &&
	       (peer->has_keepalive || !peer->keepalive);
}

static bool check_config_ips(union wg_pair_message *message)
{
	const struct wg_pair_config_ips *ips = &message->config_ips;

	for (uint32_t i = 0; i < ips->n; i++) {
		const struct wg_pair_allowed_ip *allowed = &ips->records[i];

		if (!is_ip(&allowed->ip) || allowed->ip.family == WG_FAMILY_NONE ||
		    allowed->bits > wg_family_bits(allowed->ip.family) ||
		    !is_bool(allowed->remove) || !IS_ZERO(allowed->zero))
			return false;
	}
	return IS_ZERO(ips->zero);
}

static bool check_link(union wg_pair_message *message)
{
	const struct wg_pair_link *link = &message->link;

	return link->mtu <= MAX_MTU && is_bool(link->up) && IS_ZERO(link->zero);
}

static bool check_sockets(union wg_pair_message *message)
{
	const struct wg_pair_sockets *sockets = &message->sockets;

	return is_bool(sockets->present[0]) && is_bool(sockets->present[1]);
}

static bool check_workers(union wg_pair_message *message)
{
	return is_number_of_workers(message->workers.n) && IS_ZERO(message->workers.zero);
}

static bool check_offload(union wg_pair_message *message)
{
	const struct wg_pair_offload *offload = &message->offload;

	return is_bool(offload->of_udp) &&
	       offload->which < (offload->of_udp ? WG_PAIR_UDP_OFFLOADS : WG_PAIR_TUN_OFFLOADS) &&
	       are_states(&offload->state, 1) && IS_ZERO(offload->zero) &&
	       (offload->header.type != WG_PAIR_REFUSED || offload->state == WG_OFFLOAD_FAILED);
}

static bool check_ask_peers(union wg_pair_message *message)
{
	return message->ask_peers.n <= WG_PAIR_MAX_ASKED && IS_ZERO(message->ask_peers.zero);
}

static bool check_ready(union wg_pair_message *message)
{
	for (size_t i = 0; i < WG_PAIR_MAX_LAYERS; i++)
		if (message->ready.errors[i] < 0 || message->ready.errors[i] > MAX_ERRNO)
			return false;
	return message->ready.layers < 1u << WG_PAIR_MAX_LAYERS;
}

static bool check_applied(union wg_pair_message *message)
{
	return is_result(message->applied.error) && IS_ZERO(message->applied.zero);
}

static bool check_interface(union wg_pair_message *message)
{
	struct wg_pair_interface *interface = &message->interface;

	for (size_t i = 0; i < WG_N_CALLERS; i++)
		if (!wg_pair_is_endpoint(&interface->callers[i].source) ||
		    !IS_ZERO(interface->callers[i].zero))
			return false;
	return interface->mtu <= MAX_MTU && interface->workers <= WG_MAX_WORKERS &&
	       are_states(interface->tun_offloads, WG_PAIR_TUN_OFFLOADS) &&
	       are_states(interface->udp_offloads, WG_PAIR_UDP_OFFLOADS) &&
	       IS_ZERO(interface->zero) && mend_text(interface->aead, sizeof(interface->aead));
}

static bool is_peer(const struct wg_pair_peer *peer)
{
	if (!peer->found)
		return wg_is_zero(peer, sizeof(*peer));
	return is_bool(peer->found) && is_bool(peer->session) && is_bool(peer->usable_key) &&
	       peer->report < WG_REPORT_N_KINDS && is_ip(&peer->reported_by) &&
	       wg_pair_is_endpoint(&peer->endpoint) && is_result(peer->send_error) &&
	       wg_pair_is_wall_clock(peer->handshake_sec, peer->handshake_nsec);
}

static bool check_peers(union wg_pair_message *message)
{
	const struct wg_pair_peers *peers = &message->peers;

	if (peers->n > WG_PAIR_MAX_ASKED || !IS_ZERO(peers->zero))
		return false;
	for (uint32_t i = 0; i < peers->n; i++)
		if (!is_peer(&peers->records[i]))
			return false;
	return true;
}

static bool check_silent(union wg_pair_message *message)
{
	return is_known_endpoint(&message->silent.endpoint) && IS_ZERO(message->silent.zero);
}

static bool check_socket_failed(union wg_pair_message *message)
{
	const struct wg_pair_socket_failed *failed = &message->socket_failed;

	return failed->socket < WG_PAIR_N_SOCKETS && is_result(failed->error) && failed->error &&
	       IS_ZERO(failed->zero);
}

static bool check_event(union wg_pair_message *message)
{
	const struct wg_pair_event *event = &message->event;

	return event->kind < WG_PAIR_N_EVENTS && is_known_endpoint(&event->endpoint) &&
	       wg_pair_is_wall_clock(event->wall_sec, event->wall_nsec) && IS_ZERO(event->zero);
}

static bool check_log(union wg_pair_message *message)
{
	struct wg_pair_log *log = &message->log;

	return is_log_level(log->level) && IS_ZERO(log->zero) &&
	       mend_text(log->text, sizeof(log->text));
}

static bool check_trapped(union wg_pair_message *message)
{
	(void)message;
	return true;
}

size_t wg_pair_record_len(enum wg_pair_type type)
{
	if (type == WG_PAIR_CONFIG_IPS)
		return sizeof(struct wg_pair_allowed_ip);
	if (type == WG_PAIR_ASK_PEERS)
		return WG_KEY_LEN;
	return type == WG_PAIR_PEERS ? sizeof(struct wg_pair_peer) : 0;
}

bool wg_pair_message_is_valid(union wg_pair_message *message)
{
	static bool (*const checks[])(union wg_pair_message *) = {
#define CHECK(suffix, member) [WG_PAIR_##suffix] = check_##member,
		WG_PAIR_TO_ENGINE(CHECK) WG_PAIR_TO_KEEPER(CHECK)
#undef CHECK
	};

	static_assert(WG_ARRAY_LEN(checks) == WG_PAIR_N_TYPES, "one for each");
	return checks[message->header.type](message);
}

size_t wg_pair_wanted_fds(const union wg_pair_message *message)
{
	if (message->header.type == WG_PAIR_HELLO)
		return 1u + message->hello.has_ledger;
	if (message->header.type == WG_PAIR_SOCKETS)
		return (size_t)message->sockets.present[0] + message->sockets.present[1];
	return 0;
}
