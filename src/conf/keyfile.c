#include "conf/keyfile.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/encoding.h"
#include "crypto/secret.h"

enum kind { KIND_PRIVATE, KIND_PRESHARED, KIND_PUBLIC };

static const char *const key_names[] = {
	[KIND_PRIVATE] = "PrivateKeyFile",
	[KIND_PRESHARED] = "PresharedKeyFile",
	[KIND_PUBLIC] = "PublicKeyFile",
};

struct loader {
	const struct wg_conf *conf;
	const char *credentials;
	wg_keyfile_failed *failed;
	void *ctx;
	size_t n_failed;
};

/* The contents of a file. */
struct secret {
	char text[4 *
		  WG_KEY_BASE64_LEN]; /* more than a key has, so that a longer file is noticed */
	uint8_t key[WG_KEY_LEN];
};

/* One key on its way. */
struct load {
	const struct wg_conf *conf;
	const struct wg_conf_key *source;
	enum kind kind;
	const char *path; /* to open: for a credential the whole one */
	struct secret *secret;
	struct wg_error error;
};

static bool refuse(struct load *load, const char *why)
{
	bool credential = load->source->from == WG_CONF_FROM_CREDENTIAL;

	wg_error_set(&load->error, 0, "%s:%u: %s %s%s: %s", load->conf->file, load->source->line,
		     key_names[load->kind], credential ? "credential:" : "", load->source->path,
		     why);
	return false;
}

static void hint_missing(struct load *load)
{
	switch (load->kind) {
	case KIND_PRIVATE:
		wg_error_hint(&load->error, "make one with: (umask 077; tuff genkey > %s)",
			      load->path);
		break;
	case KIND_PRESHARED:
		wg_error_hint(
			&load->error,
			"make one with: (umask 077; tuff genpsk > %s), the same on both hosts",
			load->path);
		break;
	case KIND_PUBLIC:
		wg_error_hint(&load->error, "on the other host: tuff pubkey < its private key; "
					    "put what it prints here");
		break;
	}
}

static bool refuse_open(struct load *load, int error)
{
	refuse(load, strerror(error));
	if (error == ENOENT && load->source->from == WG_CONF_FROM_CREDENTIAL)
		wg_error_hint(&load->error,
			      "in the unit: LoadCredential=%s:FILE; systemd puts it at %s",
			      load->source->path, load->path);
	else if (error == ENOENT)
		hint_missing(load);
	else if (error == EACCES)
		wg_error_hint(&load->error, "run this as root");
	return false;
}

static bool is_in_group(gid_t gid)
{
	gid_t groups[256];
	int n = getgroups(256, groups);

	for (int i = 0; i < n; i++)
		if (groups[i] == gid)
			return true;
	return gid == getegid();
}

/* Kubernetes gives a secret to root and to the pod's fsGroup (root:GID, mode 0440). */
bool wg_keyfile_is_exposed(const struct stat *status)
{
	return (status->st_mode & 037) || ((status->st_mode & 040) && !is_in_group(status->st_gid));
}

/* Credentials are guarded by the folder that systemd puts them in; an access list for
 * the service's user shows in their mode as if a group could read them. */
static bool is_guarded(struct load *load, const struct stat *status)
{
	char why[64];

	if (load->kind == KIND_PUBLIC || load->source->from == WG_CONF_FROM_CREDENTIAL)
		return true;
	if (status->st_uid != 0 && status->st_uid != geteuid()) {
		snprintf(why, sizeof(why), "it belongs to user %u", status->st_uid);
		refuse(load, why);
		wg_error_hint(&load->error, "chown root %s", load->path);
		return false;
	}
	if (wg_keyfile_is_exposed(status)) {
		snprintf(why, sizeof(why), "others can read it (mode %04o)",
			 status->st_mode & 07777);
		refuse(load, why);
		wg_error_hint(&load->error,
			      "chmod 600 %s (in a Kubernetes volume: defaultMode: 0400)",
			      load->path);
		return false;
	}
	return true;
}

static bool read_key(struct load *load, int fd)
{
	struct secret *secret = load->secret;
	ssize_t len = read(fd, secret->text, sizeof(secret->text) - 1);

	if (len < 0)
		return refuse(load, strerror(errno));
	if (len == 0)
		return refuse(load, "it is empty");
	while (len > 0 && isspace((unsigned char)secret->text[len - 1]))
		len--;
	secret->text[len] = '\0';
	return wg_key_decode(secret->key, secret->text) ||
	       refuse(load, "it does not hold a key, which is 44 characters of base64");
}

static bool load_file(struct load *load)
{
	/* Not blocking: a FIFO must not hold us up. */
	int fd = open(load->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat status;
	bool ok;

	if (fd < 0)
		return refuse_open(load, errno);
	if (fstat(fd, &status))
		ok = refuse(load, strerror(errno));
	else if (!S_ISREG(status.st_mode))
		ok = refuse(load, "not an ordinary file");
	else
		ok = is_guarded(load, &status) && read_key(load, fd);
	close(fd);
	return ok;
}

static bool load_credential(struct load *load, const char *folder)
{
	char *path;
	bool ok;

	if (!folder) {
		refuse(load, "there are no credentials ($CREDENTIALS_DIRECTORY is not set)");
		wg_error_hint(&load->error,
			      "start it as a systemd service with LoadCredential=%s:FILE",
			      load->source->path);
		return false;
	}
	if (asprintf(&path, "%s/%s", folder, load->source->path) < 0)
		return refuse(load, strerror(ENOMEM));
	load->path = path;
	ok = load_file(load);
	free(path);
	return ok;
}

static bool load_secret(struct loader *loader, struct load *load)
{
	return load->source->from == WG_CONF_FROM_CREDENTIAL
		       ? load_credential(load, loader->credentials)
		       : load_file(load);
}

/* Loads a key from another file, if it comes from one. */
static bool load_key(struct loader *loader, const struct wg_conf_key *source, enum kind kind,
		     uint8_t *public_key, struct wg_lockedkey *key)
{
	struct load load = {loader->conf, source, kind, source->path, NULL, {{0}, {0}}};
	bool ok;

	load.secret = wg_secret_new(sizeof(*load.secret));
	ok = load.secret ? load_secret(loader, &load) : refuse(&load, strerror(ENOMEM));
	if (ok && public_key)
		memcpy(public_key, load.secret->key, WG_KEY_LEN);
	else if (ok && wg_lockedkey_set(key, load.secret->key))
		ok = refuse(&load, strerror(ENOMEM));
	wg_secret_free(load.secret, sizeof(*load.secret));
	if (!ok) {
		loader->n_failed++;
		loader->failed(loader->ctx, source->line, &load.error);
	}
	return ok;
}

static bool is_elsewhere(const struct wg_conf_key *source)
{
	return source->from == WG_CONF_FROM_FILE || source->from == WG_CONF_FROM_CREDENTIAL;
}

static void load_peer(struct loader *loader, const struct wg_conf_peer *from,
		      struct wg_config_peer *peer)
{
	if (is_elsewhere(&from->public_key))
		load_key(loader, &from->public_key, KIND_PUBLIC, peer->public_key, NULL);
	if (is_elsewhere(&from->preshared_key))
		load_key(loader, &from->preshared_key, KIND_PRESHARED, NULL, &peer->preshared_key);
}

size_t wg_keyfile_load_all(struct wg_conf *conf, const char *credentials, wg_keyfile_failed *failed,
			   void *ctx)
{
	struct loader loader = {conf, credentials, failed, ctx, 0};
	struct wg_config *config = &conf->config;

	config->has_private_key =
		conf->private_key.from == WG_CONF_FROM_HERE ||
		(is_elsewhere(&conf->private_key) &&
		 load_key(&loader, &conf->private_key, KIND_PRIVATE, NULL, &config->private_key));
	for (size_t i = 0; i < conf->n_peers; i++)
		load_peer(&loader, &conf->peers[i], &config->peers[i]);
	return loader.n_failed;
}

static void keep_first(void *ctx, unsigned int line, const struct wg_error *error)
{
	struct wg_error *first = ctx;

	(void)line;
	if (!first->text[0])
		*first = *error;
}

int wg_keyfile_load(struct wg_conf *conf, const char *credentials, struct wg_error *error)
{
	wg_error_init(error);
	return wg_keyfile_load_all(conf, credentials, keep_first, error) ? -EINVAL : 0;
}
