#include "daemon/readconf.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/conffile.h"
#include "ctl/keyfile.h"
#include "daemon/name.h"

#define SUFFIX ".conf"

int wg_readconf(struct wg_conf *conf, const char *source, struct wg_error *error)
{
	struct wg_conffile file;
	int err = wg_conffile_read(&file, source, wg_conffile_folders, error);

	if (err)
		return err;
	err = wg_conf_parse(conf, file.path, file.name, file.text, file.len, error);
	wg_conffile_deinit(&file);
	if (err)
		return err;
	err = wg_keyfile_load(conf, getenv("CREDENTIALS_DIRECTORY"), error);
	if (err)
		wg_conf_deinit(conf);
	return err;
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
