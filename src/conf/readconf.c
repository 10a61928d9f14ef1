#include "conf/readconf.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "conf/conffile.h"
#include "conf/keyfile.h"
#include "conf/name.h"

#define SUFFIX ".conf"

/* More lines than that help no reader. */
#define MAX_WARNINGS 10u

static void report(struct wg_error *error, const struct wg_check *check,
		   const struct wg_check_finding *finding)
{
	if (finding->line)
		wg_error_set(error, -EINVAL, "%s:%u: %s", check->file, finding->line,
			     finding->reason);
	else
		wg_error_set(error, -EINVAL, "%s: %s", check->file, finding->reason);
	if (finding->remedy)
		wg_error_hint(error, "%s", finding->remedy);
}

/* A secret in the place of a key that is sent to everybody, or a key that is no secret in
 * the place of one. */
static int refuse_confused_keys(const struct wg_check *check, struct wg_error *error)
{
	static const char *const codes[] = {"private-key-as-public", "equal-keys"};

	for (size_t i = 0; i < check->n_findings; i++)
		for (size_t k = 0; k < WG_ARRAY_LEN(codes); k++)
			if (!strcmp(check->findings[i].code, codes[k])) {
				report(error, check, &check->findings[i]);
				return -EINVAL;
			}
	return 0;
}

static int load(struct wg_conf *conf, bool others_can_read, struct wg_check *check,
		struct wg_error *error)
{
	const struct wg_check_host host = {.others_can_read = others_can_read};
	int err = wg_keyfile_load(conf, getenv("CREDENTIALS_DIRECTORY"), error);

	if (err)
		return err;
	wg_check_conf(check, conf, &host);
	if (check->failed)
		return wg_error_set(error, -ENOMEM, "%s: %s", conf->file, strerror(ENOMEM));
	return refuse_confused_keys(check, error);
}

int wg_readconf(struct wg_conf *conf, const char *source, struct wg_check *check,
		struct wg_error *error)
{
	struct wg_conffile file;
	int err = wg_conffile_read(&file, source, wg_conffile_folders, error);

	wg_check_init(check, err ? source : file.path);
	if (err)
		return err;
	err = wg_conf_parse(conf, file.path, file.name, file.text, file.len, error);
	if (!err) {
		err = load(conf, file.others_can_read, check, error);
		if (err)
			wg_conf_deinit(conf);
	}
	wg_conffile_deinit(&file);
	return err;
}

void wg_readconf_warn(const struct wg_check *check,
		      void (*warning)(void *ctx, const struct wg_error *error), void *ctx)
{
	struct wg_error error;
	size_t n = 0;

	for (size_t i = 0; i < check->n_findings; i++) {
		if (check->findings[i].level < WG_CHECK_WARNING || n++ >= MAX_WARNINGS)
			continue;
		report(&error, check, &check->findings[i]);
		warning(ctx, &error);
	}
	if (n <= MAX_WARNINGS)
		return;
	wg_error_set(&error, 0, "%s: and %zu more like these", check->file, n - MAX_WARNINGS);
	wg_error_hint(&error, "see all of it with: tuff check %s", check->file);
	warning(ctx, &error);
}

struct look {
	const struct wg_conf *conf;
	struct wg_check *check;
	bool has_credentials;
	unsigned int unseen;
};

static bool is_credential(const struct wg_conf *conf, unsigned int line)
{
	const struct wg_conf_key *key = &conf->private_key;
	bool is = key->line == line && key->from == WG_CONF_FROM_CREDENTIAL;

	for (size_t i = 0; i < conf->n_peers && !is; i++) {
		key = &conf->peers[i].public_key;
		is = key->line == line && key->from == WG_CONF_FROM_CREDENTIAL;
		key = &conf->peers[i].preshared_key;
		is |= key->line == line && key->from == WG_CONF_FROM_CREDENTIAL;
	}
	return is;
}

static void on_key_failed(void *ctx, unsigned int line, const struct wg_error *error)
{
	struct look *look = ctx;

	if (look->has_credentials || !is_credential(look->conf, line))
		wg_check_add_error(look->check, "key-file", error);
	else if (!look->unseen)
		look->unseen = line;
}

unsigned int wg_readconf_look_at_keys(struct wg_conf *conf, struct wg_check *check)
{
	const char *credentials = getenv("CREDENTIALS_DIRECTORY");
	struct look look = {conf, check, credentials != NULL, 0};

	wg_keyfile_load_all(conf, credentials, on_key_failed, &look);
	return look.unseen;
}

void wg_readconf_note_credential(struct wg_check *check, unsigned int line)
{
	wg_check_add(check, WG_CHECK_NOTE, "credential", line,
		     "a key is a credential, which systemd shows to the service alone: it was not "
		     "looked at");
}

int wg_readconf_name(char name[static WG_CONF_LINK_LEN], const char *source, struct wg_error *error)
{
	const char *slash = strrchr(source, '/');
	const char *base = slash ? slash + 1 : source;
	size_t len = strlen(base);
	const char *why;

	if (len > strlen(SUFFIX) && !strcmp(base + len - strlen(SUFFIX), SUFFIX))
		len -= strlen(SUFFIX);
	snprintf(name, WG_CONF_LINK_LEN, "%.*s", (int)(len < WG_CONF_LINK_LEN ? len : 0), base);
	why = wg_name_refusal(name);
	if (!why)
		return 0;
	wg_error_set(error, -EINVAL, "%s: name of the link: %s", source, why);
	wg_error_hint(error, "1 to 15 characters, such as wg0");
	return -EINVAL;
}
