#include "conf/conf_source.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/encoding.h"
#include "crypto/secret.h"

#define CREDENTIAL "credential:"

/* path relative to the folder of the configuration file. */
static char *beside(const struct wg_conf *conf, const char *path)
{
	const char *slash = strrchr(conf->file, '/');
	size_t folder = *path == '/' || !slash ? 0 : (size_t)(slash - conf->file) + 1;
	char *joined = malloc(folder + strlen(path) + 1);

	if (!joined)
		return NULL;
	memcpy(joined, conf->file, folder);
	memcpy(joined + folder, path, strlen(path) + 1);
	return joined;
}

static void set_source(struct wg_conf_parser *parser, struct wg_conf_key *key,
		       enum wg_conf_from from, char *path)
{
	free(key->path);
	*key = (struct wg_conf_key){from, path, parser->line};
}

int wg_conf_set_key(struct wg_conf_parser *parser, struct wg_conf_key *source,
		    uint8_t key[static WG_KEY_LEN], const char *value)
{
	if (!wg_key_decode(key, value))
		return wg_conf_refuse(parser, "not a key");
	set_source(parser, source, WG_CONF_FROM_HERE, NULL);
	return 0;
}

int wg_conf_set_secret(struct wg_conf_parser *parser, struct wg_conf_key *source,
		       struct wg_lockedkey *secret, const char *value)
{
	uint8_t key[WG_KEY_LEN];
	int error = wg_conf_set_key(parser, source, key, value);

	if (!error)
		error = wg_lockedkey_set(secret, key);
	wg_wipe(key, sizeof(key));
	return error;
}

int wg_conf_set_key_file(struct wg_conf_parser *parser, struct wg_conf_key *source,
			 const char *value)
{
	bool credential = !strncmp(value, CREDENTIAL, strlen(CREDENTIAL));
	char *path = wg_conf_expand(parser, credential ? value + strlen(CREDENTIAL) : value);
	char *joined;

	if (!path)
		return -ENOMEM;
	if (credential && (!*path || *path == '.' || strchr(path, '/'))) {
		free(path);
		return wg_conf_refuse(parser, "not a credential's name");
	}
	joined = credential ? path : beside(parser->conf, path);
	if (joined != path)
		free(path);
	if (!joined)
		return -ENOMEM;
	set_source(parser, source, credential ? WG_CONF_FROM_CREDENTIAL : WG_CONF_FROM_FILE,
		   joined);
	return 0;
}
