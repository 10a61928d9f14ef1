/* Peers that do not answer, or without a session, and those who call in vain. */
#include <errno.h>
#include <inttypes.h>
#include <netdb.h>
#include <string.h>

#include "crypto/encoding.h"
#include "doctor/diagnosis.h"

/* The first may still be on its way. */
#define UNANSWERED_FROM 2u

/* Fewer calls in vain may be anybody's noise. */
#define CALLS_FROM 3u

/* Whether a peer without a session should have one, so far as we can tell. */
static bool is_troubled(const struct wg_config_peer *peer)
{
	const struct wg_config_health *health = &peer->health;

	if (health->session)
		return false;
	return !health->usable_key || health->responses_refused || health->timestamps_refused ||
	       health->send_error || !peer->n_allowed_ips ||
	       health->initiations_sent >= UNANSWERED_FROM || wg_status_is_silent(health);
}

/* A datagram that the firewall drops on its way out fails with EPERM (Linux,
 * nf_hook_slow). */
static void add_sending_remedy(struct wg_check *check, const struct wg_facts *facts,
			       const struct wg_config_peer *peer)
{
	char to[WG_IP_TEXT_LEN];

	if (peer->health.send_error == -EPERM)
		wg_check_remedy(
			check, "a firewall of this host drops it: look for rules about output with "
			       "nft list ruleset, or iptables-save");
	else
		wg_check_remedy(check, "look at the route with: ip route get %s mark %" PRIu32,
				wg_ip_format(to, &peer->endpoint.ip), facts->status.config.fwmark);
}

static void add_silence_remedy(struct wg_check *check, const struct wg_config_peer *peer)
{
	switch (peer->health.report) {
	case WG_REPORT_PORT_CLOSED:
		wg_check_remedy(check,
				"bring the tunnel up there, or write into Endpoint which port it "
				"listens on; a firewall that rejects looks the same");
		break;
	case WG_REPORT_PROHIBITED:
		wg_check_remedy(check, "let UDP port %u in at that firewall", peer->endpoint.port);
		break;
	case WG_REPORT_NO_HOST:
	case WG_REPORT_NO_ROUTE:
		wg_check_remedy(check, "see whether it is on, and whether Endpoint is its address");
		break;
	case WG_REPORT_NONE:
	case WG_REPORT_N_KINDS:
		wg_check_remedy(check,
				"see there whether it runs, has our public key, and has the "
				"PublicKey that it has here, and whether UDP port %u is let in",
				peer->endpoint.port);
		break;
	}
}

/* In the order of wg_status_reason(), whose causes they mend. */
static void add_peer_remedy(struct wg_check *check, const struct wg_facts *facts, size_t i)
{
	const struct wg_config_peer *peer = &facts->status.config.peers[i];

	if (!peer->health.usable_key)
		wg_check_remedy(check, "ask for its PublicKey anew: tuff pubkey prints it there");
	else if (peer->health.responses_refused)
		wg_check_remedy(check,
				"PresharedKey must be the same on both sides, or on neither");
	else if (peer->health.send_error)
		add_sending_remedy(check, facts, peer);
	else if (peer->health.timestamps_refused)
		wg_check_remedy(check,
				"set its clock right; if that cannot be, forget the peer's "
				"last handshake with: tuff down %s; tuff up %s",
				facts->name, facts->name);
	else if (wg_status_takes_no_answer(&peer->health))
		wg_check_remedy(check,
				"see whether the firewall there lets answers in, and PresharedKey "
				"is the same on both sides, or on neither");
	else if (peer->health.initiations_sent)
		add_silence_remedy(check, peer);
	else
		wg_check_remedy(check, "AllowedIPs says which addresses are behind it");
}

/* What is wrong with a peer, and the reason; NULL: nothing that we can see. */
static const char *find_trouble(const struct wg_facts *facts, size_t i,
				char reason[static WG_STATUS_TEXT_LEN])
{
	if (*wg_status_silence(&facts->status, i, reason))
		return "does not answer any more";
	if (!is_troubled(&facts->status.config.peers[i]))
		return NULL;
	wg_status_reason(&facts->status, i, reason);
	return "has no session";
}

static const char *trouble_code(const struct wg_config_health *health)
{
	if (health->timestamps_refused)
		return "peer-clock";
	return health->session ? "no-answer" : "no-session";
}

/* A name that does not exist is the file's mistake; all else is the way to a name server. */
static void judge_lookup(struct wg_check *check, const struct wg_facts *facts,
			 const struct wg_status_lookup *lookup)
{
	char name[WG_DIAGNOSIS_LABEL_LEN];

	wg_check_add(check, WG_CHECK_WARNING, "endpoint-name", 0,
		     "the name of %s's endpoint, %s (%s:%" PRIu32
		     "), is not to be resolved: %s; asked %" PRIu32 " time%s in %" PRIu64
		     " seconds",
		     wg_diagnosis_label(name, &facts->status, lookup->peer), lookup->host,
		     lookup->file, lookup->line, lookup->error, lookup->tries,
		     lookup->tries == 1 ? "" : "s", lookup->seconds);
	if (!strcmp(lookup->error, gai_strerror(EAI_NONAME)) ||
	    !strcmp(lookup->error, gai_strerror(EAI_NODATA)))
		wg_check_remedy(check,
				"there is no such name, or it has no address: put the right one "
				"into the file, then: tuff reload %s",
				facts->name);
	else
		wg_check_remedy(check,
				"ask with: getent ahosts %s; if no name server answers, see "
				"/etc/resolv.conf and whether a route leads there",
				lookup->host);
}

static void judge_peers(struct wg_check *check, const struct wg_facts *facts)
{
	char name[WG_DIAGNOSIS_LABEL_LEN];
	char reason[WG_STATUS_TEXT_LEN];

	for (size_t i = 0; i < facts->status.config.n_peers; i++) {
		const struct wg_status_lookup *lookup = wg_status_lookup(&facts->status, i);
		const char *trouble = find_trouble(facts, i, reason);

		if (lookup)
			judge_lookup(check, facts, lookup);
		if (!trouble)
			continue;
		wg_check_add(check, WG_CHECK_WARNING,
			     trouble_code(&facts->status.config.peers[i].health), 0, "%s %s: %s",
			     wg_diagnosis_label(name, &facts->status, i), trouble, reason);
		add_peer_remedy(check, facts, i);
	}
}

static bool call(const struct wg_facts *facts, enum wg_config_caller_kind kind,
		 char text[static WG_STATUS_TEXT_LEN])
{
	return facts->status.config.callers[kind].calls >= CALLS_FROM &&
	       *wg_status_caller(&facts->status, kind, text);
}

static void judge_callers(struct wg_check *check, const struct wg_facts *facts)
{
	const struct wg_config *config = &facts->status.config;
	char key[WG_KEY_BASE64_LEN + 1];
	char text[WG_STATUS_TEXT_LEN];

	if (call(facts, WG_CALLER_WRONG_KEY, text)) {
		wg_check_add(check, WG_CHECK_WARNING, "wrong-key-calls", 0, "%s", text);
		wg_key_encode(key, facts->status.public_key);
		wg_check_remedy(check, "if it is a peer of ours, its file must say: PublicKey = %s",
				key);
	}
	if (call(facts, WG_CALLER_UNKNOWN, text)) {
		wg_check_add(check, WG_CHECK_WARNING, "unknown-peer-calls", 0, "%s", text);
		wg_key_encode(key, config->callers[WG_CALLER_UNKNOWN].public_key);
		wg_check_remedy(check,
				"if it may come in: a section [Peer] with PublicKey = %s and its "
				"AllowedIPs; if it is a peer that is there, its key has changed",
				key);
	}
}

void wg_diagnosis_peers(struct wg_check *check, const struct wg_facts *facts)
{
	judge_peers(check, facts);
	judge_callers(check, facts);
}
