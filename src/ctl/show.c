#include "ctl/show.h"

#include <inttypes.h>
#include <string.h>

#include "base/bytes.h"
#include "crypto/encoding.h"

static void print_ago(FILE *file, int64_t seconds)
{
	static const struct {
		int64_t seconds;
		const char *name;
	} units[] = {
		{365 * 24 * 3600, "year"},
		{24 * 3600, "day"},
		{3600, "hour"},
		{60, "minute"},
		{1, "second"},
	};
	const char *comma = "";

	if (seconds < 0) {
		fputs("in the future: the clock was set back", file);
		return;
	}
	if (seconds == 0) {
		fputs("now", file);
		return;
	}
	for (size_t i = 0; i < WG_ARRAY_LEN(units); i++) {
		int64_t n = seconds / units[i].seconds;

		if (!n)
			continue;
		fprintf(file, "%s%" PRId64 " %s%s", comma, n, units[i].name, n == 1 ? "" : "s");
		seconds %= units[i].seconds;
		comma = ", ";
	}
	fputs(" ago", file);
}

static void print_bytes(FILE *file, uint64_t bytes)
{
	static const char *const units[] = {"KiB", "MiB", "GiB", "TiB"};
	double scaled = (double)bytes / 1024;
	size_t unit = 0;

	if (bytes < 1024) {
		fprintf(file, "%" PRIu64 " B", bytes);
		return;
	}
	for (; scaled >= 1024 && unit + 1 < WG_ARRAY_LEN(units); unit++)
		scaled /= 1024;
	fprintf(file, "%.2f %s", scaled, units[unit]);
}

static void print_key(FILE *file, const char *label, const uint8_t key[static WG_KEY_LEN])
{
	char base64[WG_KEY_BASE64_LEN + 1];

	wg_key_encode(base64, key);
	fprintf(file, "%s%s\n", label, base64);
}

static void print_drop(FILE *file, const char **separator, const char *name, uint64_t n)
{
	if (!n)
		return;
	fprintf(file, "%s%s %" PRIu64, *separator, name, n);
	*separator = ", ";
}

static void print_drops(FILE *file, const struct wg_status *status)
{
	const char *separator = "  dropped: ";

	for (int i = 0; i < WG_DROP_COUNT; i++)
		print_drop(file, &separator, wg_drop_name((enum wg_drop)i), status->drops[i]);
	for (int i = 0; i < WG_LOSS_COUNT; i++)
		print_drop(file, &separator, wg_loss_name((enum wg_loss)i), status->losses[i]);
	if (*separator == ',')
		fputc('\n', file);
}

static void print_callers(FILE *file, const struct wg_status *status)
{
	char text[WG_STATUS_TEXT_LEN];

	for (int kind = 0; kind < WG_N_CALLERS; kind++)
		if (*wg_status_caller(status, (enum wg_config_caller_kind)kind, text))
			fprintf(file, "  %s\n", text);
}

static void print_details(FILE *file, const struct wg_status *status)
{
	fprintf(file, "  link: %s, mtu %" PRIu32 "\n", status->link_up ? "up" : "down",
		status->mtu);
	fprintf(file, "  cipher: %s, %" PRIu32 " worker%s\n", status->aead, status->workers,
		status->workers == 1 ? "" : "s");
	if (status->restarts) {
		fprintf(file, "  engine: started again %" PRIu32 " time%s, last ", status->restarts,
			status->restarts == 1 ? "" : "s");
		print_ago(file, (int64_t)status->restarted_sec);
		fprintf(file, " (%s)\n", status->restarted_why);
	}
	if (*status->confined)
		fprintf(file, "  confined: %s\n", status->confined);
	fprintf(file, "  offloads: %s", *status->offloads ? status->offloads : "none");
	if (*status->offloads_off)
		fprintf(file, " (off: %s)", status->offloads_off);
	fputc('\n', file);
	print_drops(file, status);
	print_callers(file, status);
}

static void print_allowed_ips(FILE *file, const struct wg_config_peer *peer)
{
	char text[WG_PREFIX_TEXT_LEN];

	fputs("  allowed ips: ", file);
	if (!peer->n_allowed_ips)
		fputs("(none)", file);
	for (size_t i = 0; i < peer->n_allowed_ips; i++)
		fprintf(file, "%s%s", i ? ", " : "",
			wg_prefix_format(text, &peer->allowed_ips[i].prefix));
	fputc('\n', file);
}

void wg_show_interface(FILE *file, const char *interface, const struct wg_status *status)
{
	fprintf(file, "interface: %s\n", interface);
	if (status->config.has_private_key) {
		print_key(file, "  public key: ", status->public_key);
		fputs("  private key: (hidden)\n", file);
	}
	if (status->config.has_listen_port)
		fprintf(file, "  listening port: %u\n", status->config.listen_port);
	if (status->config.has_fwmark)
		fprintf(file, "  fwmark: 0x%" PRIx32 "\n", status->config.fwmark);
	if (status->detailed)
		print_details(file, status);
}

static void print_lookup(FILE *file, const struct wg_status_lookup *lookup)
{
	fprintf(file, "  endpoint's name: %s: %s (%s:%" PRIu32 "; asked %" PRIu32 " time%s, first ",
		lookup->host, lookup->error, lookup->file, lookup->line, lookup->tries,
		lookup->tries == 1 ? "" : "s");
	print_ago(file, (int64_t)lookup->seconds);
	fputs(")\n", file);
}

void wg_show_peer(FILE *file, const struct wg_status *status, size_t i, int64_t now_sec)
{
	const struct wg_config_peer *peer = &status->config.peers[i];
	const struct wg_status_lookup *lookup = wg_status_lookup(status, i);
	const char *name = wg_status_peer_name(status, i);
	char text[WG_STATUS_TEXT_LEN];

	print_key(file, "\npeer: ", peer->public_key);
	if (name)
		fprintf(file, "  name: %s\n", name);
	if (peer->has_preshared_key)
		fputs("  preshared key: (hidden)\n", file);
	if (peer->has_endpoint)
		fprintf(file, "  endpoint: %s\n", wg_endpoint_format(text, &peer->endpoint));
	if (lookup)
		print_lookup(file, lookup);
	print_allowed_ips(file, peer);
	if (peer->handshake_sec) {
		fputs("  latest handshake: ", file);
		print_ago(file, now_sec - peer->handshake_sec);
		fputc('\n', file);
	}
	if (peer->rx_bytes || peer->tx_bytes) {
		fputs("  transfer: ", file);
		print_bytes(file, peer->rx_bytes);
		fputs(" received, ", file);
		print_bytes(file, peer->tx_bytes);
		fputs(" sent\n", file);
	}
	if (peer->keepalive)
		fprintf(file, "  persistent keepalive: every %u second%s\n", peer->keepalive,
			peer->keepalive == 1 ? "" : "s");
	if (*wg_status_reason(status, i, text))
		fprintf(file, "  no session: %s\n", text);
	if (*wg_status_silence(status, i, text))
		fprintf(file, "  silent: %s\n", text);
}

/* One word of the peer's state. */
static const char *state_of(const struct wg_status *status, size_t i)
{
	const struct wg_config_health *health = &status->config.peers[i].health;
	char text[WG_STATUS_TEXT_LEN];

	if (!status->link_up)
		return "down";
	if (*wg_status_silence(status, i, text))
		return "silent";
	if (health->session)
		return "session";
	return health->initiations_sent ? "calling" : "idle";
}

/* Padded, and without the blanks that a name may have: blanks separate columns. */
static void print_word(FILE *file, int width, const char *text)
{
	for (; *text; text++, width--)
		fputc(*text == ' ' || *text == '\t' ? '_' : *text, file);
	fprintf(file, "%*s ", width > 0 ? width : 0, "");
}

static void print_label(FILE *file, const struct wg_status *status, size_t i)
{
	const char *name = wg_status_peer_name(status, i);
	char base64[WG_KEY_BASE64_LEN + 1];

	wg_key_encode(base64, status->config.peers[i].public_key);
	print_word(file, WG_KEY_BASE64_LEN, name ? name : base64);
}

static void print_age(FILE *file, int64_t handshake_sec, int64_t now_sec)
{
	char text[24] = "-";

	if (handshake_sec)
		snprintf(text, sizeof(text), "%" PRId64, now_sec - handshake_sec);
	fprintf(file, "%8s ", text);
}

void wg_show_brief(FILE *file, const char *interface, const struct wg_status *status, size_t i,
		   int64_t now_sec)
{
	const struct wg_config_peer *peer = &status->config.peers[i];
	char text[WG_ENDPOINT_TEXT_LEN] = "-";

	print_word(file, 15, interface);
	print_label(file, status, i);
	print_word(file, 7, state_of(status, i));
	print_age(file, peer->handshake_sec, now_sec);
	fprintf(file, "%14" PRIu64 " %14" PRIu64 " ", peer->rx_bytes, peer->tx_bytes);
	if (peer->has_endpoint)
		wg_endpoint_format(text, &peer->endpoint);
	print_word(file, 21, text);
	if (!peer->n_allowed_ips)
		fputc('-', file);
	for (size_t k = 0; k < peer->n_allowed_ips; k++)
		fprintf(file, "%s%s", k ? "," : "",
			wg_prefix_format(text, &peer->allowed_ips[k].prefix));
	fputc('\n', file);
}
