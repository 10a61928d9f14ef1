/* What clients ask of the control server, and how well it bears them. */
#include "control.h"

#define ANY_KEY "0101010101010101010101010101010101010101010101010101010101010101"

static void test_a_request_is_answered_and_the_next_one_too(void **state)
{
	struct bench *bench = *state;
	int fd = dial(bench);

	say(bench, fd, SET_PORT);
	assert_string_equal(heard(bench, fd), OK);
	say(bench, fd, GET);
	assert_string_equal(heard(bench, fd), "listen_port=5000\n" OK);
	assert_int_equal(wg_control_clients(bench->control), 1);
	close(fd);
	turn(bench);
	assert_int_equal(wg_control_clients(bench->control), 0);
}

static void test_a_request_may_come_byte_by_byte(void **state)
{
	struct bench *bench = *state;
	int fd = dial(bench);

	for (const char *p = SET_PORT; *p; p++) {
		assert_int_equal(bench->n_sets, 0);
		assert_string_equal(heard(bench, fd), "");
		say(bench, fd, (char[]){*p, '\0'});
	}
	assert_string_equal(heard(bench, fd), OK);
	assert_int_equal(bench->port, 5000);
	close(fd);
}

static void test_requests_in_one_piece_are_answered_in_order(void **state)
{
	struct bench *bench = *state;
	int fd = dial(bench);

	say(bench, fd, GET SET_PORT GET GET);
	assert_string_equal(heard(bench, fd),
			    OK OK "listen_port=5000\n" OK "listen_port=5000\n" OK);
	close(fd);
}

static void test_a_client_that_hangs_up_after_its_request_is_answered(void **state)
{
	struct bench *bench = *state;
	int fd = dial(bench);

	assert_int_equal(write(fd, GET, strlen(GET)), strlen(GET));
	assert_int_equal(shutdown(fd, SHUT_WR), 0);
	assert_string_equal(heard(bench, fd), OK);
	assert_string_equal(heard(bench, fd), "(end)");
	close(fd);
}

static void test_a_probe_leaves_no_trace(void **state)
{
	struct bench *bench = *state;

	close(dial(bench));
	turn(bench);
	assert_int_equal(n_log_lines, 0);
	assert_int_equal(bench->n_sets + bench->n_gets, 0);
	assert_int_equal(wg_control_clients(bench->control), 0);
}

static void test_half_a_request_changes_nothing(void **state)
{
	struct bench *bench = *state;
	int fd = dial(bench);

	say(bench, fd, "set=1\nlisten_port=5000\n");
	close(fd);
	turn(bench);
	assert_int_equal(bench->n_sets, 0);
}

static void test_a_bad_request_is_refused_and_the_next_one_served(void **state)
{
	struct bench *bench = *state;
	int fd = dial(bench);

	say(bench, fd, "set=1\nlisten_port=5000\nfwmark=no\n\n");
	assert_string_equal(heard(bench, fd), "errno=-22\n\n");
	assert_int_equal(bench->n_sets, 0);
	say(bench, fd, GET);
	assert_string_equal(heard(bench, fd), OK);
	close(fd);
}

static void test_what_is_no_request_is_answered_and_cut_off(void **state)
{
	struct bench *bench = *state;
	int fd = dial(bench);
	const char *answer;

	say(bench, fd, "GET / HTTP/1.1\n\n");
	answer = heard(bench, fd);
	assert_int_equal(strncmp(answer, "errno=", 6), 0);
	assert_string_equal(heard(bench, fd), "(end)");
	close(fd);
	turn(bench);
	assert_int_equal(bench->n_sets + bench->n_gets, 0);
}

static void test_the_handlers_error_reaches_the_client(void **state)
{
	struct bench *bench = *state;
	int fd = dial(bench);

	bench->set_error = -EADDRINUSE;
	say(bench, fd, SET_PORT);
	assert_string_equal(heard(bench, fd), "errno=-98\n\n");
	close(fd);
}

static void test_who_waits_for_the_end_hears_at_once_that_it_has_begun(void **state)
{
	struct bench *bench = *state;
	int fd = dial(bench);

	say(bench, fd, "down=1\n\n");
	assert_int_equal(bench->n_downs, 1);
	assert_string_equal(heard(bench, fd), WG_UAPI_BEGUN);
	wg_control_farewell(bench->control, OK);
	assert_string_equal(heard(bench, fd), OK);
	close(fd);
}

static void test_who_waits_for_a_reload_hears_before_it_that_it_has_begun(void **state)
{
	struct bench *bench = *state;
	int fd = dial(bench);

	say(bench, fd, "reload=1\n\n");
	assert_int_equal(bench->n_reloads, 1);
	assert_string_equal(heard(bench, fd), WG_UAPI_BEGUN);
	wg_control_reload_begins(bench->control);
	wg_control_reloaded(bench->control, OK, strlen(OK));
	assert_string_equal(heard(bench, fd), OK);
	close(fd);
}

static void test_a_reload_answers_those_who_asked_before_it_read_the_file(void **state)
{
	struct bench *bench = *state;
	int before = dial(bench);
	int after = dial(bench);

	say(bench, before, "reload=1\n\n");
	wg_control_reload_begins(bench->control);
	say(bench, after, "reload=1\n\n");
	wg_control_reloaded(bench->control, OK, strlen(OK));
	assert_string_equal(heard(bench, before), WG_UAPI_BEGUN OK);
	assert_string_equal(heard(bench, after), WG_UAPI_BEGUN);
	wg_control_reload_begins(bench->control);
	wg_control_reloaded(bench->control, "errno=5\n\n", strlen("errno=5\n\n"));
	assert_string_equal(heard(bench, after), "errno=5\n\n");
	assert_string_equal(heard(bench, before), "");
	close(before);
	close(after);
}

static void test_a_reload_that_cannot_be_asked_for_is_answered_at_once(void **state)
{
	struct bench *bench = *state;
	int fd = dial(bench);

	bench->reload_result = -ENOMEM;
	say(bench, fd, "reload=1\n\n");
	assert_string_equal(heard(bench, fd), "errno=12\n\n");
	close(fd);
}

static void test_who_leaves_before_a_reload_is_done_harms_nobody(void **state)
{
	struct bench *bench = *state;
	int gone = dial(bench);
	int fd = dial(bench);

	say(bench, gone, "reload=1\n\n");
	say(bench, fd, "reload=1\n\n");
	wg_control_reload_begins(bench->control);
	signal(SIGPIPE, SIG_IGN); /* as the program does */
	close(gone);
	turn(bench);
	wg_control_reloaded(bench->control, OK, strlen(OK));
	assert_string_equal(heard(bench, fd), WG_UAPI_BEGUN OK);
	close(fd);
}

/* Feeds a request that never ends until the server hangs up; returns the bytes. */
static size_t feed(struct bench *bench, int fd, size_t most)
{
	static const char line[] = "public_key=" ANY_KEY "\n";
	size_t sent = 0;

	say(bench, fd, "set=1\n");
	while (sent < most) {
		ssize_t n = send(fd, line, strlen(line), MSG_NOSIGNAL);

		turn(bench);
		if (n < 0 && errno == EPIPE)
			break;
		sent += n > 0 ? (size_t)n : 0;
	}
	return sent;
}

static void test_an_endless_request_is_cut_off_and_others_are_served(void **state)
{
	struct bench *bench = *state;
	int endless;
	int other;

	serve_with_limits(bench, 8, 20000);
	other = dial(bench);
	say(bench, other, "set=1\n");
	endless = dial(bench);
	/* Each line makes a peer, which is larger: what is held counts. */
	assert_in_range(feed(bench, endless, 100000), 1000, 20000 - 1);
	say(bench, other, "listen_port=7\n\n");
	assert_string_equal(heard(bench, other), OK);
	assert_int_equal(bench->n_sets, 1);
	close(endless);
	close(other);
}

static size_t cut_off_with; /* bytes, as the log says */

static void read_line(enum wg_log_level level, const char *text)
{
	(void)level;
	sscanf(text, "control client cut off: it takes %zu bytes", &cut_off_with);
}

static void test_an_endless_request_takes_hardly_more_than_the_limit(void **state)
{
	static const char peer_line[] = "public_key=" ANY_KEY "\n";
	static const char ip_line[] = "allowed_ip=::/0\n";
	const size_t limit = 16 << 20;
	struct bench *bench = *state;

	serve_with_limits(bench, 8, limit);
	wg_log_init(read_line, WG_LOG_DEBUG);
	/* Many peers, then one with many allowed IPs. */
	for (int many = 0; many < 2; many++) {
		const char *line = many ? ip_line : peer_line;
		char text[65536] = "";
		int fd = dial(bench);
		size_t at = 0;

		while (strlen(text) + strlen(line) < sizeof(text))
			strcpy(text + strlen(text), line);
		say(bench, fd, "set=1\npublic_key=" ANY_KEY "\n");
		cut_off_with = 0;
		while (!cut_off_with) {
			ssize_t n =
				send(fd, text + at, strlen(text + at), MSG_NOSIGNAL | MSG_DONTWAIT);

			if (n > 0)
				at = text[at + (size_t)n] ? at + (size_t)n : 0;
			turn(bench);
		}
		assert_in_range(cut_off_with, limit, limit + limit / 10);
		close(fd);
	}
}

/* Reads until what was read ends in end. */
static void read_to(struct bench *bench, int fd, const char *end, struct wg_text *all)
{
	do {
		const char *text = heard(bench, fd);

		assert_string_not_equal(text, "(end)");
		assert_true(*text);
		wg_text_add(all, text, strlen(text));
	} while (strcmp(all->data + all->len - strlen(end), end) != 0);
}

static void add_peers(struct wg_text *text, size_t n)
{
	for (size_t i = 0; i < n; i++)
		wg_text_printf(text, "public_key=%064zx\n", i);
}

/* A get for each of some clients, who do not read. */
static void ask_and_sleep(struct bench *bench, int *clients, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		clients[i] = dial(bench);
		say(bench, clients[i], GET);
	}
}

static void test_a_slow_reader_holds_up_nobody_and_gets_all(void **state)
{
	struct bench *bench = *state;
	int slow = dial(bench);
	int quick = dial(bench);
	struct wg_text expected;
	struct wg_text got;

	bench->peers_shown = 20000;
	say(bench, slow, GET GET);
	bench->peers_shown = 0;
	say(bench, quick, GET);
	assert_string_equal(heard(bench, quick), OK);
	/* Its second request waits until the first is answered. */
	assert_int_equal(bench->n_gets, 2);
	wg_text_init(&expected);
	wg_text_init(&got);
	add_peers(&expected, 20000);
	wg_text_printf(&expected, OK OK);
	read_to(bench, slow, OK OK, &got);
	assert_string_equal(got.data, expected.data);
	assert_int_equal(bench->n_gets, 3);
	wg_text_deinit(&expected);
	wg_text_deinit(&got);
	close(slow);
	close(quick);
}

static void test_an_answer_is_made_only_as_far_as_it_is_read(void **state)
{
	struct bench *bench = *state;
	struct wg_text got;
	int client;

	bench->peers_shown = 100000; /* about 8 MB */
	ask_and_sleep(bench, &client, 1);
	/* What the socket takes, and two pieces at most. */
	assert_in_range(bench->n_pieces, 1, 10000);
	wg_text_init(&got);
	read_to(bench, client, OK, &got);
	assert_int_equal(bench->n_pieces, 100000);
	wg_text_deinit(&got);
	close(client);
}

static void test_clients_that_read_nothing_take_next_to_nothing(void **state)
{
	struct bench *bench = *state;
	int slow[8];

	serve_with_limits(bench, 8, 1u << 20);
	bench->peers_shown = 100000;
	ask_and_sleep(bench, slow, WG_ARRAY_LEN(slow));
	assert_int_equal(wg_control_clients(bench->control), WG_ARRAY_LEN(slow));
	for (size_t i = 0; i < WG_ARRAY_LEN(slow); i++)
		close(slow[i]);
}

static void test_answers_that_nobody_reads_are_bounded(void **state)
{
	struct bench *bench = *state;
	int slow[4];

	serve_with_limits(bench, 8, 300000);
	bench->peers_shown = 20000;
	ask_and_sleep(bench, slow, WG_ARRAY_LEN(slow));
	assert_int_equal(wg_control_clients(bench->control), 2);
	for (size_t i = 0; i < WG_ARRAY_LEN(slow); i++)
		close(slow[i]);
}

static void test_an_answer_that_fails_midway_says_so_at_its_end(void **state)
{
	struct bench *bench = *state;
	int fd = dial(bench);
	struct wg_text expected;
	struct wg_text got;

	bench->peers_shown = 5000;
	bench->fails_behind = 3000;
	bench->get_error = -ENOMEM;
	say(bench, fd, GET);
	wg_text_init(&expected);
	wg_text_init(&got);
	add_peers(&expected, 3000);
	wg_text_printf(&expected, "errno=12\n\n");
	read_to(bench, fd, "\n\n", &got);
	assert_string_equal(got.data, expected.data);
	wg_text_deinit(&expected);
	wg_text_deinit(&got);
	bench->peers_shown = 0;
	bench->get_error = 0;
	say(bench, fd, GET);
	assert_string_equal(heard(bench, fd), OK);
	close(fd);
}

static void test_a_client_too_many_replaces_the_one_silent_longest(void **state)
{
	struct bench *bench = *state;
	int first;
	int second;
	int third;

	serve_with_limits(bench, 2, 1u << 20);
	first = dial(bench);
	second = dial(bench);
	say(bench, first, GET);
	assert_string_equal(heard(bench, first), OK);
	third = dial(bench);
	assert_int_equal(wg_control_clients(bench->control), 2);
	assert_string_equal(heard(bench, second), "(end)");
	say(bench, first, GET);
	assert_string_equal(heard(bench, first), OK);
	say(bench, third, GET);
	assert_string_equal(heard(bench, third), OK);
	close(first);
	close(second);
	close(third);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_a_request_is_answered_and_the_next_one_too),
		TEST(test_a_request_may_come_byte_by_byte),
		TEST(test_requests_in_one_piece_are_answered_in_order),
		TEST(test_a_client_that_hangs_up_after_its_request_is_answered),
		TEST(test_a_probe_leaves_no_trace),
		TEST(test_half_a_request_changes_nothing),
		TEST(test_a_bad_request_is_refused_and_the_next_one_served),
		TEST(test_what_is_no_request_is_answered_and_cut_off),
		TEST(test_the_handlers_error_reaches_the_client),
		TEST(test_who_waits_for_the_end_hears_at_once_that_it_has_begun),
		TEST(test_who_waits_for_a_reload_hears_before_it_that_it_has_begun),
		TEST(test_a_reload_answers_those_who_asked_before_it_read_the_file),
		TEST(test_a_reload_that_cannot_be_asked_for_is_answered_at_once),
		TEST(test_who_leaves_before_a_reload_is_done_harms_nobody),
		TEST(test_an_endless_request_is_cut_off_and_others_are_served),
		TEST(test_an_endless_request_takes_hardly_more_than_the_limit),
		TEST(test_a_slow_reader_holds_up_nobody_and_gets_all),
		TEST(test_an_answer_is_made_only_as_far_as_it_is_read),
		TEST(test_clients_that_read_nothing_take_next_to_nothing),
		TEST(test_answers_that_nobody_reads_are_bounded),
		TEST(test_an_answer_that_fails_midway_says_so_at_its_end),
		TEST(test_a_client_too_many_replaces_the_one_silent_longest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
