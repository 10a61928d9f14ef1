/* The resolver with a look-up that answers when the test says so, and with pauses that
 * are over at once but remembered. */
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <uv.h>

#include "wgtest.h"

#include "base/bytes.h"
#include "base/log.h"
#include "keeper/resolver.h"

#define KEY   "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
#define KEY2  "AgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
#define KEY3  "AwAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
#define HEAD  "[Interface]\nPrivateKey = " KEY "\n"
#define ROCK  "[Peer]\nPublicKey = " KEY2 "\nEndpoint = rock.example:1\n"
#define STONE "[Peer]\nPublicKey = " KEY3 "\nEndpoint = stone.example:2\n"

#define MAX_QUERIES 16

struct query {
	uv_getaddrinfo_t *request;
	uv_getaddrinfo_cb callback;
	char name[64];
};

static uv_loop_t loop;
static struct wg_conf conf;
static struct wg_resolver *resolver;
static struct query queries[MAX_QUERIES];
static size_t n_queries;
static int refusal; /* what asking returns at once */
static uint64_t pauses[MAX_QUERIES];
static size_t n_pauses;
static size_t n_rounds;
static size_t n_found;
static size_t found_peer;
static struct wg_endpoint found;
static bool found_silent;

int __wrap_uv_getaddrinfo(uv_loop_t *on, uv_getaddrinfo_t *request, uv_getaddrinfo_cb callback,
			  const char *name, const char *service, const struct addrinfo *hints);
int __wrap_uv_getaddrinfo(uv_loop_t *on, uv_getaddrinfo_t *request, uv_getaddrinfo_cb callback,
			  const char *name, const char *service, const struct addrinfo *hints)
{
	struct query *query = &queries[n_queries++];

	(void)service;
	(void)hints;
	assert_ptr_equal(on, &loop);
	assert_true(n_queries < MAX_QUERIES);
	query->request = request;
	query->callback = callback;
	snprintf(query->name, sizeof(query->name), "%s", name);
	return refusal;
}

void __wrap_uv_freeaddrinfo(struct addrinfo *infos);
void __wrap_uv_freeaddrinfo(struct addrinfo *infos)
{
	(void)infos;
}

int __wrap_uv_cancel(uv_req_t *request);
int __wrap_uv_cancel(uv_req_t *request)
{
	(void)request;
	return UV_EBUSY;
}

int __real_uv_timer_start(uv_timer_t *timer, uv_timer_cb callback, uint64_t pause, uint64_t repeat);
int __wrap_uv_timer_start(uv_timer_t *timer, uv_timer_cb callback, uint64_t pause, uint64_t repeat);
int __wrap_uv_timer_start(uv_timer_t *timer, uv_timer_cb callback, uint64_t pause, uint64_t repeat)
{
	if (pause && n_pauses < MAX_QUERIES)
		pauses[n_pauses++] = pause;
	return __real_uv_timer_start(timer, callback, 0, repeat);
}

static void on_found(void *ctx, size_t i, const struct wg_endpoint *endpoint, bool silent)
{
	(void)ctx;
	found_silent = silent;
	found_peer = i;
	found = *endpoint;
	n_found++;
}

static void on_first_round(void *ctx)
{
	(void)ctx;
	n_rounds++;
}

static void turn(void)
{
	uv_run(&loop, UV_RUN_NOWAIT);
}

static void parse(const char *text)
{
	struct wg_error error;

	if (wg_conf_parse(&conf, "wg0.conf", "wg0", text, strlen(text), &error))
		fail_msg("%s", error.text);
}

static void start(void)
{
	const struct wg_resolver_handler handler = {on_found, on_first_round, NULL};

	assert_int_equal(wg_resolver_new(&resolver, &loop, &conf, &handler), 0);
	assert_int_equal(n_rounds, 0); /* it comes from the loop */
}

static void parse_and_start(const char *text)
{
	parse(text);
	start();
}

/* Answers a query with n addresses of IPv4, of which the last byte is given. */
static void answer(size_t i, const uint8_t *last, size_t n)
{
	struct sockaddr_in addresses[4];
	struct addrinfo infos[4];

	memset(addresses, 0, sizeof(addresses));
	memset(infos, 0, sizeof(infos));
	for (size_t k = 0; k < n; k++) {
		addresses[k].sin_family = AF_INET;
		addresses[k].sin_addr.s_addr = htonl(0xc0000200u + last[k]);
		infos[k].ai_family = AF_INET;
		infos[k].ai_addr = (struct sockaddr *)&addresses[k];
		infos[k].ai_next = k + 1 < n ? &infos[k + 1] : NULL;
	}
	queries[i].callback(queries[i].request, 0, n ? infos : NULL);
}

static void answer_one(size_t i, uint8_t last)
{
	answer(i, &last, 1);
}

static void refuse(size_t i)
{
	queries[i].callback(queries[i].request, UV_EAI_AGAIN, NULL);
}

static int setup(void **state)
{
	(void)state;
	n_queries = n_pauses = n_rounds = n_found = 0;
	refusal = 0;
	memset(&found, 0, sizeof(found));
	memset(&conf, 0, sizeof(conf));
	return uv_loop_init(&loop);
}

static int teardown(void **state)
{
	(void)state;
	wg_resolver_close(resolver);
	resolver = NULL;
	uv_run(&loop, UV_RUN_DEFAULT);
	wg_conf_deinit(&conf);
	return uv_loop_close(&loop);
}

static void test_without_names_the_first_round_is_over(void **state)
{
	(void)state;
	parse_and_start(HEAD "[Peer]\nPublicKey = " KEY2 "\nEndpoint = 192.0.2.1:1\n");
	assert_int_equal(wg_resolver_names(resolver), 0);
	turn();
	assert_int_equal(n_rounds, 1);
	assert_int_equal(n_queries, 0);
}

static void test_a_name_is_found_and_then_no_timer_is_left(void **state)
{
	(void)state;
	parse_and_start(HEAD ROCK);
	assert_string_equal(queries[0].name, "rock.example");
	turn();
	assert_int_equal(n_rounds, 0);
	answer_one(0, 7);
	assert_int_equal(n_found, 1);
	assert_int_equal(found.port, 1);
	assert_int_equal(n_rounds, 1);
	assert_false(uv_loop_alive(&loop));
}

static void test_the_first_round_waits_for_every_name(void **state)
{
	(void)state;
	parse_and_start(HEAD ROCK STONE);
	answer_one(1, 7);
	assert_int_equal(found_peer, 1);
	assert_int_equal(n_rounds, 0);
	refuse(0);
	assert_int_equal(n_rounds, 1);
}

static void test_tries_that_fail_are_repeated_with_doubled_pauses(void **state)
{
	(void)state;
	parse_and_start(HEAD ROCK);
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(n_queries, i + 1);
		refuse(i);
		turn();
	}
	assert_int_equal(n_rounds, 1);
	assert_int_equal(pauses[0], 1000);
	assert_int_equal(pauses[3], 8000);
	answer_one(4, 7);
	assert_int_equal(n_found, 1);
}

static void test_a_name_without_address_is_tried_again(void **state)
{
	(void)state;
	parse_and_start(HEAD ROCK);
	answer(0, NULL, 0);
	assert_int_equal(n_found, 0);
	turn();
	assert_int_equal(n_queries, 2);
	answer_one(1, 7);
}

/* uv_getaddrinfo fails at once for a name that is too long for DNS. */
static void test_names_that_cannot_even_be_asked_for_are_tried_again(void **state)
{
	(void)state;
	refusal = UV_ENOMEM;
	parse_and_start(HEAD ROCK STONE);
	refusal = 0;
	turn();
	assert_int_equal(n_rounds, 1);
	assert_int_equal(n_queries, 4);
	answer_one(2, 1);
	answer_one(3, 2);
	assert_int_equal(n_found, 2);
	assert_int_equal(n_rounds, 1);
}

/* Peer i has left so many initiations without an answer, at the address found last. */
static void be_silent(size_t i, uint32_t initiations)
{
	struct wg_silent_peer silent = {.endpoint = found, .initiations = initiations};

	memcpy(silent.public_key, conf.config.peers[i].public_key, WG_KEY_LEN);
	wg_resolver_silent(resolver, &silent);
}

static void test_a_silent_peer_gets_the_address_behind_the_one_that_failed(void **state)
{
	static const uint8_t all[] = {1, 2, 3};

	(void)state;
	parse_and_start(HEAD ROCK);
	answer(0, all, 3);
	assert_int_equal(found.ip.bytes[3], 1);
	assert_false(found_silent);
	for (uint32_t i = 1; i <= 4; i++) {
		size_t before = n_queries;

		be_silent(0, 3 * i);
		if (n_queries > before)
			answer(before, all, 3);
		assert_int_equal(found.ip.bytes[3], all[i % 3]);
		assert_true(found_silent);
	}
}

static void test_a_look_up_alone_moves_no_endpoint(void **state)
{
	static const uint8_t both[] = {1, 2};

	(void)state;
	parse_and_start(HEAD ROCK);
	answer(0, both, 2);
	be_silent(0, 3);
	refuse(1); /* and again, when its pause is over */
	turn();
	assert_int_equal(n_queries, 3);
	answer(2, both, 2);
	assert_int_equal(found.ip.bytes[3], 2);
	assert_int_equal(n_found, 2);
}

static void test_a_name_with_another_address_gives_that(void **state)
{
	static const uint8_t before[] = {1, 2};
	static const uint8_t after[] = {8, 9};

	(void)state;
	parse_and_start(HEAD ROCK);
	answer(0, before, 2);
	be_silent(0, 3);
	answer(1, after, 2);
	assert_int_equal(found.ip.bytes[3], 8);
}

/* The peer had roamed to where the name never led. */
static void test_a_peer_that_is_silent_elsewhere_gets_the_first_address(void **state)
{
	static const uint8_t both[] = {1, 2};

	(void)state;
	parse_and_start(HEAD ROCK);
	answer(0, both, 2);
	found.ip.bytes[3] = 77;
	be_silent(0, 3);
	answer(1, both, 2);
	assert_int_equal(found.ip.bytes[3], 1);
}

static void test_a_name_is_asked_for_less_and_less_often_but_never_no_more(void **state)
{
	static const bool asked[] = {false, true,  true,  false, true,  false, false, false, true,
				     false, false, false, false, false, false, false, true};
	size_t n = 1;

	(void)state;
	parse_and_start(HEAD ROCK);
	answer_one(0, 1);
	for (uint32_t i = 1; i < WG_ARRAY_LEN(asked); i++) {
		be_silent(0, 3 * i);
		n += asked[i];
		assert_int_equal(n_queries, n);
		if (asked[i])
			answer_one(n - 1, 1);
	}
	be_silent(0, 3); /* it had answered, and is silent anew */
	assert_int_equal(n_queries, n + 1);
	answer_one(n, 1);
}

static void test_a_look_up_that_is_under_way_is_not_begun_again(void **state)
{
	(void)state;
	parse_and_start(HEAD ROCK);
	be_silent(0, 3);
	assert_int_equal(n_queries, 1);
	refuse(0);
	be_silent(0, 3); /* the pause is not over */
	assert_int_equal(n_queries, 1);
	turn();
	answer_one(1, 7);
}

static void test_only_the_silent_peers_name_is_asked_for(void **state)
{
	(void)state;
	parse_and_start(HEAD "[Peer]\nPublicKey = " KEY "\nEndpoint = 192.0.2.1:1\n" STONE ROCK);
	assert_int_equal(n_queries, 2);
	answer_one(0, 1);
	answer_one(1, 2);
	be_silent(0, 3); /* its endpoint is no name */
	assert_int_equal(n_queries, 2);
	be_silent(1, 3);
	assert_string_equal(queries[2].name, "stone.example");
	be_silent(2, 3);
	assert_string_equal(queries[3].name, "rock.example");
	answer_one(2, 1);
	assert_int_equal(found_peer, 1);
	answer_one(3, 2);
	assert_int_equal(found_peer, 2);
}

static void test_what_was_found_before_is_not_looked_up(void **state)
{
	(void)state;
	parse(HEAD ROCK);
	conf.config.peers[0].has_endpoint = true;
	start();
	assert_int_equal(n_queries, 0);
	turn();
	assert_int_equal(n_rounds, 1);
	be_silent(0, 3);
	assert_int_equal(n_queries, 1);
	answer_one(0, 7);
}

static void test_trouble_is_told_until_the_name_is_found(void **state)
{
	const uint8_t *key;
	struct wg_resolver_trouble trouble;

	(void)state;
	parse_and_start(HEAD ROCK STONE);
	key = conf.config.peers[1].public_key;
	answer_one(0, 1);
	assert_false(wg_resolver_trouble(resolver, key, &trouble)); /* nobody knows yet */
	refuse(1);
	assert_true(wg_resolver_trouble(resolver, key, &trouble));
	assert_string_equal(trouble.host, "stone.example");
	assert_string_equal(trouble.why, gai_strerror(EAI_AGAIN));
	assert_int_equal(trouble.line, 8);
	assert_int_equal(trouble.tries, 1);
	turn();
	answer(2, NULL, 0);
	assert_true(wg_resolver_trouble(resolver, key, &trouble));
	assert_string_equal(trouble.why, gai_strerror(EAI_NODATA));
	assert_int_equal(trouble.tries, 2);
	key = conf.config.peers[0].public_key;
	assert_false(wg_resolver_trouble(resolver, key, &trouble));
	turn();
	answer_one(3, 2);
	for (size_t i = 0; i < wg_resolver_names(resolver); i++)
		assert_false(wg_resolver_trouble_at(resolver, i, &trouble));
}

static void test_nothing_comes_after_closing_while_busy(void **state)
{
	(void)state;
	parse_and_start(HEAD ROCK STONE);
	wg_resolver_close(resolver);
	resolver = NULL;
	turn();
	answer_one(0, 7);
	queries[1].callback(queries[1].request, UV_ECANCELED, NULL);
	turn();
	assert_int_equal(n_found, 0);
	assert_int_equal(n_rounds, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_without_names_the_first_round_is_over),
		TEST(test_a_name_is_found_and_then_no_timer_is_left),
		TEST(test_the_first_round_waits_for_every_name),
		TEST(test_tries_that_fail_are_repeated_with_doubled_pauses),
		TEST(test_a_name_without_address_is_tried_again),
		TEST(test_names_that_cannot_even_be_asked_for_are_tried_again),
		TEST(test_a_silent_peer_gets_the_address_behind_the_one_that_failed),
		TEST(test_a_look_up_alone_moves_no_endpoint),
		TEST(test_a_name_with_another_address_gives_that),
		TEST(test_a_peer_that_is_silent_elsewhere_gets_the_first_address),
		TEST(test_a_name_is_asked_for_less_and_less_often_but_never_no_more),
		TEST(test_only_the_silent_peers_name_is_asked_for),
		TEST(test_trouble_is_told_until_the_name_is_found),
		TEST(test_a_look_up_that_is_under_way_is_not_begun_again),
		TEST(test_what_was_found_before_is_not_looked_up),
		TEST(test_nothing_comes_after_closing_while_busy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
