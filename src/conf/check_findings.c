/* Findings, and the questions that all rules ask. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "conf/check_rules.h"
#include "conf/conf_parser.h"
#include "crypto/encoding.h"
#include "crypto/secret.h"

void wg_check_init(struct wg_check *check, const char *file)
{
	*check = (struct wg_check){.file = strdup(file)};
	check->failed = !check->file;
	if (check->file)
		wg_utf8_mend(check->file);
}

void wg_check_deinit(struct wg_check *check)
{
	for (size_t i = 0; i < check->n_findings; i++) {
		free(check->findings[i].reason);
		free(check->findings[i].remedy);
	}
	for (size_t i = 0; i < check->n_places; i++) {
		free(check->places[i].address);
		free(check->places[i].owner);
	}
	free(check->findings);
	free(check->places);
	free(check->name);
	free(check->file);
	*check = (struct wg_check){0};
}

/* NULL when memory is out, which check->failed remembers. */
static char *format_text(struct wg_check *check, const char *format, va_list args)
{
	char *text;

	if (vasprintf(&text, format, args) >= 0)
		return text;
	check->failed = true;
	return NULL;
}

void wg_check_add(struct wg_check *check, enum wg_check_level level, const char *code,
		  unsigned int line, const char *format, ...)
{
	struct wg_check_finding *findings =
		wg_conf_grow(check->findings, check->n_findings, sizeof(*findings));
	va_list args;

	if (!findings) {
		check->failed = true;
		return;
	}
	check->findings = findings;
	va_start(args, format);
	findings[check->n_findings++] = (struct wg_check_finding){
		level, code, line, format_text(check, format, args), NULL};
	va_end(args);
}

void wg_check_remedy(struct wg_check *check, const char *format, ...)
{
	va_list args;

	if (check->failed)
		return;
	va_start(args, format);
	check->findings[check->n_findings - 1].remedy = format_text(check, format, args);
	va_end(args);
}

void wg_check_add_error(struct wg_check *check, const char *code, const struct wg_error *error)
{
	size_t len = check->file ? strlen(check->file) : 0;
	const char *reason = error->text;
	unsigned int line = 0;

	/* FILE:LINE: and FILE: are said anyway. */
	if (!strncmp(reason, check->file ? check->file : "", len) && reason[len] == ':') {
		char *end;

		line = (unsigned int)strtoul(reason + len + 1, &end, 10);
		reason = *end == ':' ? end + 1 : reason + len + 1;
		reason += strspn(reason, " ");
	}
	wg_check_add(check, WG_CHECK_ERROR, code, line, "%s", reason);
	if (error->hint[0])
		wg_check_remedy(check, "%s", error->hint);
}

bool wg_check_has_problems(const struct wg_check *check)
{
	for (size_t i = 0; i < check->n_findings; i++)
		if (check->findings[i].level > WG_CHECK_NOTE)
			return true;
	return false;
}

const char *wg_check_label(char label[static WG_CHECK_LABEL_LEN], const struct wg_conf *conf,
			   size_t peer)
{
	const uint8_t *key = conf->config.peers[peer].public_key;

	if (conf->peers[peer].name)
		snprintf(label, WG_CHECK_LABEL_LEN, "%s", conf->peers[peer].name);
	else if (!wg_is_zero(key, WG_KEY_LEN))
		wg_key_encode(label, key);
	else
		snprintf(label, WG_CHECK_LABEL_LEN, "the peer of line %u", conf->peers[peer].line);
	return label;
}

bool wg_check_has_address(const struct wg_conf *conf, uint8_t family)
{
	for (size_t i = 0; i < conf->addresses.n; i++)
		if (conf->addresses.items[i].prefix.ip.family == family)
			return true;
	return false;
}

bool wg_check_has_allowed_ip(const struct wg_conf *conf, uint8_t family)
{
	for (size_t i = 0; i < conf->n_peers; i++)
		for (size_t j = 0; j < conf->peers[i].allowed_ips.n; j++)
			if (conf->peers[i].allowed_ips.items[j].prefix.ip.family == family)
				return true;
	return false;
}
