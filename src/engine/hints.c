#include "engine/hints.h"

static unsigned int place_of(const struct wg_endpoint *endpoint)
{
	unsigned int hash = endpoint->port;

	for (unsigned int i = 0; i < sizeof(endpoint->ip.bytes); i++)
		hash = hash * 31 + endpoint->ip.bytes[i];
	return hash % WG_HINTS;
}

void wg_hints_note(struct wg_hints *hints, const struct wg_report *report, wg_time now)
{
	hints->entries[place_of(&report->to)] = (struct wg_hint){*report, now};
}

void wg_hints_apply(const struct wg_hints *hints, struct wg_config_peer *peer, struct wg_now now)
{
	const struct wg_hint *hint = &hints->entries[place_of(&peer->endpoint)];
	wg_time age = (now.boot - hint->at) / WG_SECOND;

	if (!peer->has_endpoint || !peer->health.initiations_sent || !hint->report.kind ||
	    !wg_endpoint_equal(&hint->report.to, &peer->endpoint) ||
	    now.wall_sec - age < peer->handshake_sec)
		return;
	peer->health.report = hint->report.kind;
	peer->health.report_age_sec = age > UINT32_MAX ? UINT32_MAX : (uint32_t)age;
	peer->health.reported_by = hint->report.by;
}
