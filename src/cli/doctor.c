/* `tuff doctor NAME|FILE [--json] [--listen SECONDS]`: looks at a running tunnel and its
 * host, and says what is wrong and what mends it. Changes nothing. */
#include <errno.h>
#include <jansson.h>
#include <stdbool.h>
#include <string.h>

#include "base/number.h"
#include "cli/command.h"
#include "conf/check.h"
#include "conf/conffile.h"
#include "conf/readconf.h"
#include "doctor/diagnosis.h"
#include "doctor/facts.h"
#include "os/report.h"

#define MAX_LISTEN 600

struct request {
	const char *source;
	uint32_t listen_sec;
	bool json;
};

static int parse_listen(const char *value, struct request *request)
{
	if (value && wg_number_parse(&request->listen_sec, MAX_LISTEN, value))
		return WG_EXIT_DONE;
	return wg_command_misused("doctor", "--listen", "a number of seconds must follow");
}

static int parse_arguments(int argc, char **argv, struct request *request)
{
	int status = WG_EXIT_DONE;

	for (int i = 1; i < argc && status == WG_EXIT_DONE; i++) {
		if (!strcmp(argv[i], "--json"))
			request->json = true;
		else if (!strcmp(argv[i], "--listen"))
			status = parse_listen(argv[++i], request);
		else if (argv[i][0] == '-')
			status = wg_command_misused("doctor", argv[i], "no such option");
		else if (request->source)
			status = wg_command_misused("doctor", argv[i], "one name is enough");
		else
			request->source = argv[i];
	}
	if (status != WG_EXIT_DONE || request->source)
		return status;
	return wg_command_misused("doctor", "NAME|FILE", "it is missing");
}

/* A tunnel needs no file; one that cannot be read is a finding. Whether conf is good.
 * unseen: it has a credential, which cannot be looked at from here. */
static bool read_conf(struct wg_conf *conf, const char *source, struct wg_check *check,
		      bool *unseen)
{
	struct wg_conffile file;
	struct wg_error error;
	int err = wg_conffile_read(&file, source, wg_conffile_folders, &error);

	if (!err) {
		err = wg_conf_parse(conf, file.path, file.name, file.text, file.len, &error);
		wg_conffile_deinit(&file);
	}
	if (err && err != -ENOENT)
		wg_check_add_error(check, "syntax", &error);
	*unseen = !err && wg_readconf_look_at_keys(conf, check);
	return !err;
}

static void print(const struct request *request, const struct wg_check *check)
{
	json_t *json;

	if (!request->json) {
		wg_check_print(stdout, check);
		return;
	}
	json = wg_check_doctor_json(check);
	json_dumpf(json, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(json);
}

static int examine(const struct request *request, const char *name)
{
	int status = WG_EXIT_DONE;
	struct wg_check check;
	struct wg_facts facts;
	struct wg_error error;
	struct wg_conf conf = {0};
	bool has_conf;
	bool unseen;

	wg_check_init(&check, name);
	has_conf = read_conf(&conf, request->source, &check, &unseen);
	if (wg_facts_gather(&facts, name, has_conf ? &conf : NULL, request->listen_sec, &error)) {
		status = wg_report(WG_EXIT_FAILED, &error);
	} else {
		/* A tunnel that runs says itself whether it has its key. */
		if (unseen && facts.runner != WG_FACTS_RUNS_TUFF)
			wg_readconf_note_credential(&check, 0);
		wg_diagnosis_make(&check, &facts);
		print(request, &check);
		if (wg_check_has_problems(&check))
			status = WG_EXIT_PROBLEMS;
	}
	wg_facts_free(&facts);
	wg_conf_deinit(&conf);
	wg_check_deinit(&check);
	return status;
}

int wg_command_doctor(int argc, char **argv)
{
	char name[WG_CONF_LINK_LEN];
	struct request request = {0};
	struct wg_error error;
	int status = parse_arguments(argc, argv, &request);

	if (status != WG_EXIT_DONE)
		return status;
	if (wg_readconf_name(name, request.source, &error))
		return wg_report(WG_EXIT_USAGE, &error);
	return examine(&request, name);
}
