/* `tuff check NAME|FILE [--json]`: reads a configuration, and explains it. */
#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/bytes.h"
#include "cli/command.h"
#include "conf/check.h"
#include "conf/conffile.h"
#include "conf/readconf.h"
#include "os/report.h"

struct request {
	const char *source;
	bool json;
};

static int parse_arguments(int argc, char **argv, struct request *request)
{
	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--json"))
			request->json = true;
		else if (argv[i][0] == '-')
			return wg_command_misused("check", argv[i], "no such option");
		else if (request->source)
			return wg_command_misused("check", argv[i], "one file is enough");
		else
			request->source = argv[i];
	}
	return request->source ? WG_EXIT_DONE
			       : wg_command_misused("check", "NAME|FILE", "it is missing");
}

/* Connecting a datagram socket sends nothing: it only asks for the route. */
static bool source_towards(struct wg_ip *source, const struct sockaddr *to, socklen_t len)
{
	struct sockaddr_storage own = {0};
	socklen_t own_len = sizeof(own);
	int fd = socket(to->sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool known = fd >= 0 && !connect(fd, to, len) &&
		     !getsockname(fd, (struct sockaddr *)&own, &own_len);

	if (fd >= 0)
		close(fd);
	if (known && own.ss_family == AF_INET)
		*source = wg_ip_from_bytes(
			WG_FAMILY_IPV4,
			(const uint8_t *)&((const struct sockaddr_in *)&own)->sin_addr);
	else if (known)
		*source = wg_ip_from_bytes(
			WG_FAMILY_IPV6,
			(const uint8_t *)&((const struct sockaddr_in6 *)&own)->sin6_addr);
	return known;
}

static bool find_source(struct wg_ip *source, const struct wg_endpoint *to)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(to->port)};
	struct sockaddr_in6 in6 = {
		.sin6_family = AF_INET6, .sin6_port = htons(to->port), .sin6_scope_id = to->scope};

	if (to->ip.family == WG_FAMILY_IPV4) {
		memcpy(&in.sin_addr, to->ip.bytes, sizeof(in.sin_addr));
		return source_towards(source, (const struct sockaddr *)&in, sizeof(in));
	}
	memcpy(&in6.sin6_addr, to->ip.bytes, sizeof(in6.sin6_addr));
	return source_towards(source, (const struct sockaddr *)&in6, sizeof(in6));
}

static void examine(struct wg_check *check, const struct wg_conffile *file)
{
	const struct wg_check_host host = {.others_can_read = file->others_can_read,
					   .source = find_source};
	struct wg_error error;
	struct wg_conf conf;
	unsigned int unseen;

	if (wg_conf_parse(&conf, file->path, file->name, file->text, file->len, &error)) {
		wg_check_add_error(check, "syntax", &error);
		return;
	}
	unseen = wg_readconf_look_at_keys(&conf, check);
	if (unseen)
		wg_readconf_note_credential(check, unseen);
	wg_check_conf(check, &conf, &host);
	wg_conf_deinit(&conf);
}

static void print(const struct request *request, const struct wg_check *check)
{
	json_t *json;

	if (!request->json) {
		wg_check_print(stdout, check);
		return;
	}
	json = wg_check_json(check);
	json_dumpf(json, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(json);
}

/* Who asked for JSON reads that, and finds there what went wrong. */
static int refuse_file(const struct request *request, const struct wg_error *error)
{
	struct wg_check check;

	if (request->json) {
		wg_check_init(&check, request->source);
		wg_check_add_error(&check, "syntax", error);
		print(request, &check);
		wg_check_deinit(&check);
	}
	return wg_report(WG_EXIT_FAILED, error);
}

int wg_command_check(int argc, char **argv)
{
	struct request request = {0};
	struct wg_conffile file;
	struct wg_check check;
	struct wg_error error;
	int status = parse_arguments(argc, argv, &request);

	if (status != WG_EXIT_DONE)
		return status;
	if (wg_conffile_read(&file, request.source, wg_conffile_folders, &error))
		return refuse_file(&request, &error);
	wg_check_init(&check, file.path);
	examine(&check, &file);
	print(&request, &check);
	if (wg_check_has_problems(&check))
		status = WG_EXIT_PROBLEMS;
	wg_check_deinit(&check);
	wg_conffile_deinit(&file);
	return status;
}
