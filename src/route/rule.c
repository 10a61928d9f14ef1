#include "route/rule.h"

#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>

#include "base/endpoint.h"
#include "route/message.h"

/* Selectors and actions for which struct wg_rule has no field. */
static bool has_others(const struct fib_rule_hdr *info, const struct wg_message *msg)
{
	static const uint8_t unknown[] = {
		FRA_IIFNAME, FRA_OIFNAME,   FRA_GOTO,     FRA_FLOW,        FRA_TUN_ID,
		FRA_L3MDEV,  FRA_UID_RANGE, FRA_IP_PROTO, FRA_SPORT_RANGE, FRA_DPORT_RANGE};
	bool others = info->src_len || info->dst_len || info->tos || info->action != FR_ACT_TO_TBL;

	for (size_t i = 0; i < sizeof(unknown) && !others; i++)
		others = msg->attrs[unknown[i]] != NULL;
	return others;
}

static bool read_rule(const struct nlmsghdr *nlh, void *item, const void *ctx)
{
	const struct fib_rule_hdr *info = mnl_nlmsg_get_payload(nlh);
	const uint8_t *family = ctx;
	struct wg_rule *rule = item;
	struct wg_message msg;

	if (nlh->nlmsg_type != RTM_NEWRULE || mnl_nlmsg_get_payload_len(nlh) < sizeof(*info))
		return false;
	wg_message_parse(&msg, nlh, sizeof(*info));
	rule->family = wg_message_family(info->family);
	rule->invert = info->flags & FIB_RULE_INVERT;
	rule->other = has_others(info, &msg);
	rule->priority = wg_message_u32(msg.attrs[FRA_PRIORITY], 0);
	rule->fwmark = wg_message_u32(msg.attrs[FRA_FWMARK], 0);
	rule->fwmask = wg_message_u32(msg.attrs[FRA_FWMASK], 0);
	rule->table = wg_message_u32(msg.attrs[FRA_TABLE], info->table);
	rule->suppress_prefixlength =
		(int32_t)wg_message_u32(msg.attrs[FRA_SUPPRESS_PREFIXLEN], UINT32_MAX);
	/* A kernel without IPv6 answers for IPv4. */
	return rule->family != WG_FAMILY_NONE &&
	       (*family == WG_FAMILY_NONE || *family == rule->family);
}

static void begin(struct wg_netlink *nl, int type, int flags, const struct wg_rule *rule)
{
	struct fib_rule_hdr info = {
		.family = wg_message_af(rule->family),
		.table = rule->table < 256 ? (uint8_t)rule->table : RT_TABLE_UNSPEC,
		.action = FR_ACT_TO_TBL,
		.flags = rule->invert ? FIB_RULE_INVERT : 0,
	};
	struct nlmsghdr *nlh = wg_message_begin(nl, type, flags, &info, sizeof(info));

	mnl_attr_put_u32(nlh, FRA_TABLE, rule->table);
	mnl_attr_put_u32(nlh, FRA_PRIORITY, rule->priority);
	if (rule->fwmask) {
		mnl_attr_put_u32(nlh, FRA_FWMARK, rule->fwmark);
		mnl_attr_put_u32(nlh, FRA_FWMASK, rule->fwmask);
	}
	if (rule->suppress_prefixlength >= 0)
		mnl_attr_put_u32(nlh, FRA_SUPPRESS_PREFIXLEN,
				 (uint32_t)rule->suppress_prefixlength);
}

int wg_rule_add(struct wg_netlink *nl, const struct wg_rule *rule)
{
	begin(nl, RTM_NEWRULE, NLM_F_CREATE | NLM_F_EXCL, rule);
	return wg_message_do(nl);
}

int wg_rule_delete(struct wg_netlink *nl, const struct wg_rule *rule)
{
	begin(nl, RTM_DELRULE, 0, rule);
	return wg_message_do(nl);
}

int wg_rule_list(struct wg_netlink *nl, uint8_t family, struct wg_rule **rules, size_t *n)
{
	struct fib_rule_hdr info = {.family = wg_message_af(family)};
	void *items;
	int r;

	wg_message_begin(nl, RTM_GETRULE, 0, &info, sizeof(info));
	r = wg_message_list(nl, read_rule, &family, sizeof(**rules), &items, n);
	*rules = items;
	return r;
}

static bool agree(const struct wg_rule *a, const struct wg_rule *b)
{
	return a->family == b->family && a->invert == b->invert && a->other == b->other &&
	       a->priority == b->priority && a->fwmark == b->fwmark && a->fwmask == b->fwmask &&
	       a->table == b->table && a->suppress_prefixlength == b->suppress_prefixlength;
}

int wg_rule_exists(struct wg_netlink *nl, const struct wg_rule *rule)
{
	struct wg_rule *rules;
	bool found = false;
	size_t n;
	int r;

	r = wg_rule_list(nl, rule->family, &rules, &n);
	if (r)
		return r;
	for (size_t i = 0; i < n && !found; i++)
		found = agree(&rules[i], rule);
	free(rules);
	return found;
}
