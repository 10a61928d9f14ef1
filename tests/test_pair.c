#include "wgtest.h"

#include <errno.h>

#include "pair.h"

static struct wg_pair_datagram datagram;

/* The only message of the datagram. */
static union wg_pair_message *alone(uint32_t type)
{
	union wg_pair_message *message;

	wg_pair_datagram_wipe(&datagram);
	message = pair_add(&datagram, type);
	assert_non_null(message);
	return message;
}

static int check(void)
{
	const union wg_pair_message *first = (const void *)datagram.bytes;

	return wg_pair_check(&datagram, pair_receiver(first->header.type));
}

static void every_message_arrives_as_it_was_sent(void **state)
{
	static struct wg_pair_datagram before;

	(void)state;
	for (uint32_t type = 1; type < WG_PAIR_N_TYPES; type++) {
		union wg_pair_message *message = alone(type);
		size_t at = 0;

		before = datagram;
		assert_int_equal(check(), 0);
		assert_memory_equal(datagram.bytes, before.bytes, before.len);
		assert_ptr_equal(wg_pair_next(&datagram, &at), message);
		assert_int_equal(message->header.type, type);
		assert_int_equal(message->header.serial, type + 100);
		assert_null(wg_pair_next(&datagram, &at));
	}
}

static void nobody_may_send_the_other_sides_messages(void **state)
{
	(void)state;
	for (uint32_t type = 1; type < WG_PAIR_N_TYPES; type++) {
		alone(type);
		assert_int_equal(wg_pair_check(&datagram, pair_receiver(type) == WG_PAIR_ENGINE
								  ? WG_PAIR_KEEPER
								  : WG_PAIR_ENGINE),
				 -EPROTO);
	}
}

static void unknown_types_are_refused(void **state)
{
	static const uint32_t types[] = {0, WG_PAIR_N_TYPES, 0x10001, UINT32_MAX};

	(void)state;
	for (size_t i = 0; i < WG_ARRAY_LEN(types); i++) {
		alone(WG_PAIR_PING)->header.type = types[i];
		assert_int_equal(wg_pair_check(&datagram, WG_PAIR_ENGINE), -EPROTO);
		assert_int_equal(wg_pair_check(&datagram, WG_PAIR_KEEPER), -EPROTO);
	}
}

/* Whatever a message's header, and whatever the datagram's end. */
static void a_length_that_is_not_the_types_is_refused(void **state)
{
	(void)state;
	for (uint32_t type = 1; type < WG_PAIR_N_TYPES; type++) {
		uint32_t right = alone(type)->header.len;

		for (uint32_t len = 0; len < right + 200; len++) {
			alone(type)->header.len = len;
			assert_int_equal(check(), len == right ? 0 : -EPROTO);
		}
		alone(type)->header.len = right + (1u << 31);
		assert_int_equal(check(), -EPROTO);
		for (size_t len = 0; len < right; len++) {
			alone(type);
			datagram.len = len;
			assert_int_equal(check(), -EPROTO);
		}
	}
}

static void bytes_behind_the_last_message_are_refused(void **state)
{
	(void)state;
	for (size_t more = 1; more <= 16; more++) {
		alone(WG_PAIR_PONG);
		memset(datagram.bytes + datagram.len, 0, more);
		datagram.len += more;
		assert_int_equal(check(), -EPROTO);
	}
	alone(WG_PAIR_PONG);
	datagram.len = WG_PAIR_MAX + 8;
	assert_int_equal(check(), -EPROTO);
}

static void a_count_that_is_not_the_lengths_is_refused(void **state)
{
	static const uint32_t types[] = {WG_PAIR_CONFIG_IPS, WG_PAIR_ASK_PEERS, WG_PAIR_PEERS};
	static const uint32_t counts[] = {0, 1, 3, 0x08000002, 0x80000002, UINT32_MAX};

	(void)state;
	for (size_t i = 0; i < WG_ARRAY_LEN(types); i++) {
		for (size_t k = 0; k < WG_ARRAY_LEN(counts); k++) {
			alone(types[i])->peers.n = counts[k];
			assert_int_equal(check(), -EPROTO);
		}
	}
}

static void a_message_with_records_has_one_at_least(void **state)
{
	static const enum wg_pair_type types[] = {WG_PAIR_CONFIG_IPS, WG_PAIR_ASK_PEERS,
						  WG_PAIR_PEERS};

	(void)state;
	for (size_t i = 0; i < WG_ARRAY_LEN(types); i++) {
		wg_pair_datagram_wipe(&datagram);
		assert_non_null(wg_pair_add(&datagram, types[i], 0, 1));
		assert_int_equal(check(), -EPROTO);
	}
}

static void no_question_is_about_more_peers_than_an_answer_has_room_for(void **state)
{
	(void)state;
	for (size_t n = WG_PAIR_MAX_ASKED; n <= WG_PAIR_MAX_ASKED + 1; n++) {
		int wanted = n == WG_PAIR_MAX_ASKED ? 0 : -EPROTO;

		wg_pair_datagram_wipe(&datagram);
		assert_non_null(wg_pair_add(&datagram, WG_PAIR_ASK_PEERS, n, 1));
		assert_int_equal(check(), wanted);
		wg_pair_datagram_wipe(&datagram);
		assert_non_null(wg_pair_add(&datagram, WG_PAIR_PEERS, n, 1));
		assert_int_equal(check(), wanted);
	}
}

static void messages_fill_a_datagram_up_to_its_end(void **state)
{
	size_t n = 0;
	size_t at = 0;

	(void)state;
	wg_pair_datagram_wipe(&datagram);
	while (pair_add(&datagram, WG_PAIR_LINK))
		n++;
	assert_int_equal(n, WG_PAIR_MAX / sizeof(struct wg_pair_link));
	assert_int_equal(check(), 0);
	while (wg_pair_next(&datagram, &at))
		n--;
	assert_int_equal(n, 0);
}

static void one_bad_message_spoils_the_datagram(void **state)
{
	(void)state;
	alone(WG_PAIR_LINK);
	pair_add(&datagram, WG_PAIR_LINK)->link.up = 2;
	pair_add(&datagram, WG_PAIR_LINK);
	assert_int_equal(check(), -EPROTO);
}

static void descriptors_are_those_of_the_first_message(void **state)
{
	(void)state;
	for (uint32_t type = 1; type < WG_PAIR_N_TYPES; type++) {
		size_t right;

		alone(type);
		right = datagram.n_fds;
		for (size_t n = 0; n <= WG_PAIR_MAX_FDS + 1; n++) {
			datagram.n_fds = n;
			assert_int_equal(check(), n == right ? 0 : -EPROTO);
		}
	}
	alone(WG_PAIR_PING);
	pair_add(&datagram, WG_PAIR_SOCKETS);
	assert_int_equal(check(), -EPROTO);
	alone(WG_PAIR_SOCKETS);
	pair_add(&datagram, WG_PAIR_PING);
	assert_int_equal(check(), 0);
	pair_add(&datagram, WG_PAIR_SOCKETS);
	assert_int_equal(check(), -EPROTO);
	alone(WG_PAIR_SOCKETS)->sockets.present[1] = 0;
	datagram.n_fds = 0;
	assert_int_equal(check(), 0);
}

struct rule {
	const char *name;
	uint32_t type;
	size_t at;
	size_t len;
	int64_t value;
};

#define RULE(suffix, member, wrong)                                                             \
	{                                                                                       \
#suffix "." #member, WG_PAIR_##suffix, offsetof(union wg_pair_message, member), \
			sizeof(((union wg_pair_message *)0)->member), wrong                     \
	}

/* Each makes a message that is right wrong. */
static const struct rule rules[] = {
	RULE(HELLO, hello.log_level, 2),
	RULE(HELLO, hello.log_level, 8),
	RULE(HELLO, hello.log_level, -2),
	RULE(HELLO, hello.workers, -2),
	RULE(HELLO, hello.workers, 65),
	RULE(HELLO, hello.tun_offloads[0], 5),
	RULE(HELLO, hello.tun_offloads[3], 255),
	RULE(HELLO, hello.udp_offloads[1], 5),
	RULE(HELLO, hello.has_ledger, 2),
	RULE(HELLO, hello.zero[4], 1),
	RULE(CONFIG_BEGIN, config_begin.n_peers, WG_PAIR_MAX_PEERS + 1),
	RULE(CONFIG_BEGIN, config_begin.has_private_key, 0),
	RULE(CONFIG_BEGIN, config_begin.has_private_key, 2),
	RULE(CONFIG_BEGIN, config_begin.has_listen_port, 2),
	RULE(CONFIG_BEGIN, config_begin.listen_port, 1),
	RULE(CONFIG_BEGIN, config_begin.has_fwmark, 2),
	RULE(CONFIG_BEGIN, config_begin.fwmark, 1),
	RULE(CONFIG_BEGIN, config_begin.replace_peers, 2),
	RULE(CONFIG_BEGIN, config_begin.zero[1], 1),
	RULE(CONFIG_PEER, config_peer.has_preshared_key, 2),
	RULE(CONFIG_PEER, config_peer.preshared_key[31], 1),
	RULE(CONFIG_PEER, config_peer.has_endpoint, 0),
	RULE(CONFIG_PEER, config_peer.has_endpoint, 2),
	RULE(CONFIG_PEER, config_peer.has_keepalive, 2),
	RULE(CONFIG_PEER, config_peer.keepalive, 25),
	RULE(CONFIG_PEER, config_peer.remove, 2),
	RULE(CONFIG_PEER, config_peer.update_only, 2),
	RULE(CONFIG_PEER, config_peer.replace_allowed_ips, 2),
	RULE(CONFIG_PEER, config_peer.n_allowed_ips, WG_PAIR_MAX_ALLOWED_IPS + 1),
	RULE(CONFIG_PEER, config_peer.zero[3], 1),
	RULE(CONFIG_PEER, config_peer.endpoint.ip.family, 0),
	RULE(CONFIG_PEER, config_peer.endpoint.ip.family, 4),
	RULE(CONFIG_PEER, config_peer.endpoint.ip.family, 5),
	RULE(CONFIG_PEER, config_peer.endpoint.ip.zero[6], 1),
	RULE(CONFIG_PEER, config_peer.endpoint.port, 0),
	RULE(CONFIG_PEER, config_peer.endpoint.zero[1], 1),
	RULE(CONFIG_IPS, config_ips.zero[3], 1),
	RULE(CONFIG_IPS, config_ips.records[0].ip.family, 0),
	RULE(CONFIG_IPS, config_ips.records[0].ip.family, 7),
	RULE(CONFIG_IPS, config_ips.records[1].ip.bytes[4], 1),
	RULE(CONFIG_IPS, config_ips.records[1].bits, 33),
	RULE(CONFIG_IPS, config_ips.records[1].remove, 2),
	RULE(CONFIG_IPS, config_ips.records[1].zero[5], 1),
	RULE(CLAMP_MSS, on_off.on, 2),
	RULE(LINK, link.mtu, 65536),
	RULE(LINK, link.up, 2),
	RULE(LINK, link.zero[2], 1),
	RULE(SOCKETS, sockets.present[0], 2),
	RULE(SOCKETS, sockets.present[1], 2),
	RULE(WORKERS, workers.n, 65),
	RULE(WORKERS, workers.n, -2),
	RULE(WORKERS, workers.zero[3], 1),
	RULE(OFFLOAD, offload.of_udp, 2),
	RULE(OFFLOAD, offload.which, 2),
	RULE(OFFLOAD, offload.state, 5),
	RULE(OFFLOAD, offload.zero[4], 1),
	RULE(REFUSED, offload.which, 4),
	RULE(REFUSED, offload.state, WG_OFFLOAD_BROKEN),
	RULE(ASK_PEERS, ask_peers.zero[0], 1),
	RULE(READY, ready.layers, 1u << WG_PAIR_MAX_LAYERS),
	RULE(READY, ready.errors[0], -1),
	RULE(READY, ready.errors[15], 4096),
	RULE(APPLIED, applied.error, 1),
	RULE(APPLIED, applied.error, -4096),
	RULE(APPLIED, applied.error, INT32_MIN),
	RULE(APPLIED, applied.zero[3], 1),
	RULE(INTERFACE, interface.mtu, 65536),
	RULE(INTERFACE, interface.workers, 65),
	RULE(INTERFACE, interface.tun_offloads[1], 5),
	RULE(INTERFACE, interface.udp_offloads[1], 5),
	RULE(INTERFACE, interface.zero[1], 1),
	RULE(INTERFACE, interface.aead[63], 'x'),
	RULE(INTERFACE, interface.callers[1].source.ip.family, 9),
	RULE(INTERFACE, interface.callers[0].source.port, 1),
	RULE(INTERFACE, interface.callers[1].source.scope, 1),
	RULE(INTERFACE, interface.callers[0].zero[3], 1),
	RULE(PEERS, peers.zero[3], 1),
	RULE(PEERS, peers.records[0].found, 0),
	RULE(PEERS, peers.records[0].found, 2),
	RULE(PEERS, peers.records[1].rx_bytes, 1),
	RULE(PEERS, peers.records[0].session, 2),
	RULE(PEERS, peers.records[0].usable_key, 2),
	RULE(PEERS, peers.records[0].report, WG_REPORT_N_KINDS),
	RULE(PEERS, peers.records[0].reported_by.family, 1),
	RULE(PEERS, peers.records[0].endpoint.ip.family, 8),
	RULE(PEERS, peers.records[0].send_error, 1),
	RULE(PEERS, peers.records[0].send_error, -4096),
	RULE(PEERS, peers.records[0].handshake_sec, -1),
	RULE(PEERS, peers.records[0].handshake_nsec, -1),
	RULE(PEERS, peers.records[0].handshake_nsec, 1000000000),
	RULE(SILENT, silent.endpoint.ip.family, 0),
	RULE(SILENT, silent.zero[3], 1),
	RULE(SOCKET_FAILED, socket_failed.socket, 2),
	RULE(SOCKET_FAILED, socket_failed.error, 0),
	RULE(SOCKET_FAILED, socket_failed.error, 1),
	RULE(SOCKET_FAILED, socket_failed.zero[2], 1),
	RULE(EVENT, event.kind, WG_PAIR_N_EVENTS),
	RULE(EVENT, event.endpoint.ip.family, 4),
	RULE(EVENT, event.wall_sec, -1),
	RULE(EVENT, event.wall_nsec, 1000000000),
	RULE(EVENT, event.zero[2], 1),
	RULE(LOG, log.level, 2),
	RULE(LOG, log.level, 8),
	RULE(LOG, log.level, WG_LOG_SILENT),
	RULE(LOG, log.zero[3], 1),
	RULE(LOG, log.text[239], 'x'),
};

/* The low bytes of the number, in the order of this machine. */
static void put(union wg_pair_message *message, const struct rule *rule)
{
	uint8_t *dst = (uint8_t *)message + rule->at;
	int64_t value = rule->value;

	switch (rule->len) {
	case 1:
		*dst = (uint8_t)value;
		break;
	case 2:
		memcpy(dst, &(uint16_t){(uint16_t)value}, 2);
		break;
	case 4:
		memcpy(dst, &(uint32_t){(uint32_t)value}, 4);
		break;
	default:
		memcpy(dst, &value, 8);
		break;
	}
}

static void each_rule_is_checked(void **state)
{
	(void)state;
	for (size_t i = 0; i < WG_ARRAY_LEN(rules); i++) {
		put(alone(rules[i].type), &rules[i]);
		if (rules[i].type == WG_PAIR_HELLO &&
		    rules[i].at == offsetof(struct wg_pair_hello, has_ledger))
			datagram.n_fds = 3;
		if (rules[i].type == WG_PAIR_SOCKETS)
			datagram.n_fds =
				rules[i].at == offsetof(struct wg_pair_sockets, present) ? 3 : 2;
		if (check() != -EPROTO)
			fail_msg("%s may be %lld", rules[i].name, (long long)rules[i].value);
	}
}

static void an_unknown_family_is_refused_without_an_address_too(void **state)
{
	union wg_pair_message *message = alone(WG_PAIR_PEERS);

	(void)state;
	message->peers.records[0].reported_by = (struct wg_pair_ip){.family = 0};
	assert_int_equal(check(), 0);
	message->peers.records[0].reported_by.family = 5;
	assert_int_equal(check(), -EPROTO);
}

static void what_happened_to_a_peer_happened_somewhere(void **state)
{
	(void)state;
	alone(WG_PAIR_EVENT)->event.endpoint = (struct wg_pair_endpoint){.port = 0};
	assert_int_equal(check(), -EPROTO);
	alone(WG_PAIR_SILENT)->silent.endpoint = (struct wg_pair_endpoint){.port = 0};
	assert_int_equal(check(), -EPROTO);
}

static void an_unfound_peer_is_nothing_but_zeros(void **state)
{
	union wg_pair_message *message = alone(WG_PAIR_PEERS);

	(void)state;
	memset(&message->peers.records[0], 0, sizeof(message->peers.records[0]));
	assert_int_equal(check(), 0);
}

static void text_that_is_not_printable_becomes_so(void **state)
{
	union wg_pair_message *message = alone(WG_PAIR_LOG);

	(void)state;
	memcpy(message->log.text, "a\x1b[\n\x7f\xc3\xa4~ ", 9);
	message->log.text[9] = '\0';
	assert_int_equal(check(), 0);
	assert_string_equal(message->log.text, "a?[????~ ");
	message = alone(WG_PAIR_INTERFACE);
	message->interface.aead[0] = '\t';
	assert_int_equal(check(), 0);
	assert_string_equal(message->interface.aead, "?ibsodium");
}

static void text_without_an_end_is_refused(void **state)
{
	union wg_pair_message *message = alone(WG_PAIR_LOG);

	(void)state;
	memset(message->log.text, 'x', sizeof(message->log.text));
	assert_int_equal(check(), -EPROTO);
	message->log.text[sizeof(message->log.text) - 1] = '\0';
	assert_int_equal(check(), 0);
	memset(alone(WG_PAIR_INTERFACE)->interface.aead, 'x', WG_PAIR_AEAD_NAME_LEN);
	assert_int_equal(check(), -EPROTO);
}

static void long_text_is_cut(void **state)
{
	char text[8];

	(void)state;
	wg_pair_set_text(text, sizeof(text), "a long line");
	assert_string_equal(text, "a long ");
	memset(text, 'x', sizeof(text));
	wg_pair_set_text(text, sizeof(text), "a");
	assert_memory_equal(text, "a\0\0\0\0\0\0", sizeof(text));
}

static void nothing_at_all_is_refused(void **state)
{
	(void)state;
	wg_pair_datagram_wipe(&datagram);
	assert_int_equal(wg_pair_check(&datagram, WG_PAIR_ENGINE), -EPROTO);
	assert_int_equal(wg_pair_check(&datagram, WG_PAIR_KEEPER), -EPROTO);
}

static void addresses_keep_only_what_their_family_has(void **state)
{
	struct wg_endpoint endpoint = {.ip.family = WG_FAMILY_IPV4, .port = 7, .scope = 3};
	struct wg_pair_endpoint out;

	(void)state;
	memset(endpoint.ip.bytes, 9, sizeof(endpoint.ip.bytes));
	out = wg_pair_from_endpoint(&endpoint);
	assert_int_equal(out.scope, 0);
	assert_int_equal(out.ip.bytes[3], 9);
	assert_int_equal(out.ip.bytes[4], 0);
	endpoint.ip.family = WG_FAMILY_IPV6;
	out = wg_pair_from_endpoint(&endpoint);
	endpoint = wg_pair_to_endpoint(&out);
	assert_int_equal(endpoint.scope, 3);
	assert_int_equal(endpoint.port, 7);
	assert_int_equal(endpoint.ip.bytes[15], 9);
	endpoint.ip.family = WG_FAMILY_NONE;
	out = wg_pair_from_endpoint(&endpoint);
	assert_memory_equal(&out, &(struct wg_pair_endpoint){0}, sizeof(out));
}

static void an_added_message_holds_nothing_of_earlier_ones(void **state)
{
	static const uint8_t nothing[sizeof(struct wg_pair_link)];
	union wg_pair_message *message;

	(void)state;
	memset(datagram.bytes, 0xff, sizeof(datagram.bytes));
	wg_pair_datagram_init(&datagram);
	message = wg_pair_add(&datagram, WG_PAIR_LINK, 0, 0);
	assert_memory_equal((const uint8_t *)message + sizeof(message->header), nothing,
			    sizeof(message->link) - sizeof(message->header));
}

static void what_was_sent_can_be_wiped(void **state)
{
	static const uint8_t nothing[sizeof(struct wg_pair_config_begin)];

	(void)state;
	alone(WG_PAIR_CONFIG_BEGIN);
	wg_pair_datagram_wipe(&datagram);
	assert_int_equal(datagram.len, 0);
	assert_memory_equal(datagram.bytes, nothing, sizeof(nothing));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_message_arrives_as_it_was_sent),
		cmocka_unit_test(nobody_may_send_the_other_sides_messages),
		cmocka_unit_test(unknown_types_are_refused),
		cmocka_unit_test(a_length_that_is_not_the_types_is_refused),
		cmocka_unit_test(bytes_behind_the_last_message_are_refused),
		cmocka_unit_test(a_count_that_is_not_the_lengths_is_refused),
		cmocka_unit_test(a_message_with_records_has_one_at_least),
		cmocka_unit_test(no_question_is_about_more_peers_than_an_answer_has_room_for),
		cmocka_unit_test(messages_fill_a_datagram_up_to_its_end),
		cmocka_unit_test(one_bad_message_spoils_the_datagram),
		cmocka_unit_test(descriptors_are_those_of_the_first_message),
		cmocka_unit_test(each_rule_is_checked),
		cmocka_unit_test(an_unknown_family_is_refused_without_an_address_too),
		cmocka_unit_test(what_happened_to_a_peer_happened_somewhere),
		cmocka_unit_test(an_unfound_peer_is_nothing_but_zeros),
		cmocka_unit_test(text_that_is_not_printable_becomes_so),
		cmocka_unit_test(text_without_an_end_is_refused),
		cmocka_unit_test(long_text_is_cut),
		cmocka_unit_test(nothing_at_all_is_refused),
		cmocka_unit_test(addresses_keep_only_what_their_family_has),
		cmocka_unit_test(an_added_message_holds_nothing_of_earlier_ones),
		cmocka_unit_test(what_was_sent_can_be_wiped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
