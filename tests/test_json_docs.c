/* What docs/json.md says of `tuff show --json` against what is printed: the same fields in
 * each table, no more and no fewer. */
#include "wgtest.h"

#include <jansson.h>

#include "confine/report.h"
#include "ctl/show.h"
#include "keeper/offloads.h"

/* The tables of the section, in order. */
enum table { DOCUMENT, INTERFACE, CALLS, CONFINEMENT, PEER, REPORT, REASONS, N_TABLES };

static json_t *tables[N_TABLES]; /* objects: a name, and the rest of its line */
static json_t *document;

/* Adds the names of a line's first column, which may be several. */
static void add_row(json_t *table, char *line)
{
	char *column = strsep(&line, "|");
	char *name;

	column = strsep(&line, "|");
	while ((name = strchr(column, '`'))) {
		char *end = strchr(name + 1, '`');

		assert_non_null(end);
		*end = '\0';
		assert_null(json_object_get(table, name + 1));
		assert_int_equal(json_object_set_new(table, name + 1, json_string(line)), 0);
		column = end + 1;
	}
}

static void read_tables(void)
{
	FILE *file = fopen(WG_TEST_DOCS "/json.md", "r");
	bool in_section = false;
	bool in_table = false;
	int n = -1;
	char line[1024];

	assert_non_null(file);
	while (fgets(line, sizeof(line), file)) {
		assert_non_null(strchr(line, '\n'));
		if (!strncmp(line, "## ", 3))
			in_section = !strncmp(line, "## tuff show --json", 19);
		if (!in_section)
			continue;
		if (line[0] == '|' && !in_table)
			n++;
		in_table = line[0] == '|';
		if (in_table && line[1] == ' ' && line[2] == '`') {
			assert_in_range(n, 0, N_TABLES - 1);
			add_row(tables[n], line);
		}
	}
	fclose(file);
	assert_int_equal(n, N_TABLES - 1);
}

/* A tunnel of which all is known. */
static void fill(struct wg_status *status)
{
	const struct wg_status_lookup lookup = {
		.host = "shale.example", .error = "no", .file = "wg0.conf"};
	struct wg_config_peer *peer = wg_config_add_peer(&status->config);

	assert_non_null(peer);
	peer->has_endpoint = true;
	assert_true(wg_ip_parse(&peer->endpoint.ip, "192.0.2.7"));
	peer->health.report = (enum wg_report_kind)1;
	assert_true(wg_ip_parse(&peer->health.reported_by, "192.0.2.7"));
	assert_int_equal(wg_status_add_lookup(status, &lookup), 0);
	status->detailed = true;
	strcpy(status->confine, "auto");
	for (int kind = 0; kind < WG_N_CALLERS; kind++) {
		status->config.callers[kind].calls = 1;
		status->config.callers[kind].source = peer->endpoint;
	}
}

static int set_up(void **state)
{
	struct wg_show_json json;
	struct wg_status status;
	char *text = NULL;
	size_t len = 0;
	FILE *file = open_memstream(&text, &len);

	(void)state;
	wg_status_init(&status);
	fill(&status);
	wg_show_json_begin(&json, file, true, 1790000000);
	wg_show_json_interface(&json, "wg0", &status);
	wg_show_json_peer(&json, &status, 0);
	wg_show_json_end(&json);
	fclose(file);
	document = json_loads(text, 0, NULL);
	free(text);
	wg_status_deinit(&status);
	for (int i = 0; i < N_TABLES; i++)
		tables[i] = json_object();
	read_tables();
	return document ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	for (int i = 0; i < N_TABLES; i++)
		json_decref(tables[i]);
	json_decref(document);
	return 0;
}

/* Whether the one's names are all in the other. */
static void assert_within(json_t *names, json_t *others, const char *what)
{
	const char *name;
	json_t *value;

	assert_true(json_is_object(names) && json_is_object(others));
	json_object_foreach(names, name, value)
	{
		if (!json_object_get(others, name))
			fail_msg("%s: %s", name, what);
	}
}

static void test_every_field_is_told_of_and_every_told_one_printed(void **state)
{
	json_t *interface = json_array_get(json_object_get(document, "interfaces"), 0);
	json_t *peer = json_array_get(json_object_get(interface, "peers"), 0);
	json_t *objects[N_TABLES] = {
		[DOCUMENT] = document,
		[INTERFACE] = interface,
		[CALLS] = json_object_get(interface, "unknown_peer_calls"),
		[CONFINEMENT] = json_object_get(interface, "confinement"),
		[PEER] = peer,
		[REPORT] = json_object_get(peer, "reported"),
		[REASONS] = json_object_get(interface, "drops"),
	};

	(void)state;
	for (int i = 0; i < N_TABLES; i++) {
		assert_within(objects[i], tables[i], "printed, and not in docs/json.md");
		assert_within(tables[i], objects[i], "in docs/json.md, and not printed");
	}
	assert_within(json_object_get(interface, "wrong_key_calls"), tables[CALLS],
		      "printed, and not in docs/json.md");
}

/* Names that stand in the text of a row. */
static void assert_in_row(enum table table, const char *row, const char *name)
{
	const char *text = json_string_value(json_object_get(tables[table], row));
	char quoted[64];

	snprintf(quoted, sizeof(quoted), "`%s`", name);
	assert_non_null(text);
	if (!strstr(text, quoted))
		fail_msg("%s: not in the row of %s", name, row);
}

static void test_rows_tell_of_what_their_fields_hold(void **state)
{
	json_t *interface = json_array_get(json_object_get(document, "interfaces"), 0);
	json_t *peer = json_array_get(json_object_get(interface, "peers"), 0);
	const char *name;
	json_t *value;

	(void)state;
	json_object_foreach(json_object_get(peer, "endpoint_lookup"), name, value)
	{
		assert_in_row(PEER, "endpoint_lookup", name);
	}
	for (int i = 0; i < WG_CONFINE_N_LAYERS; i++)
		assert_in_row(CONFINEMENT, "layers",
			      wg_confine_layer_name((enum wg_confine_layer)i));
	for (int i = 0; i < WG_TUN_N_OFFLOADS; i++)
		assert_in_row(INTERFACE, "offloads", wg_offloads_tun_names[i]);
	for (int i = 0; i < WG_UDP_N_OFFLOADS; i++)
		assert_in_row(INTERFACE, "offloads", wg_offloads_udp_names[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_field_is_told_of_and_every_told_one_printed),
		cmocka_unit_test(test_rows_tell_of_what_their_fields_hold),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
