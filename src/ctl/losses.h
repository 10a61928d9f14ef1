/* Packets that are lost around the engine, which never sees them: one counter and one name
 * for each place. They are shown together with the engine's own drops. The keeper counts
 * them, and commands name them. */
#ifndef WG_CTL_LOSSES_H
#define WG_CTL_LOSSES_H

/* X(enumerator suffix, name in show and JSON) */
#define WG_LOSSES(X)                                                                  \
	/* Lost at the link: packets from this host, and packets for it. */           \
	X(LINK_QUEUE, "link-queue-full")    /* the kernel's queue, which we read */   \
	X(LINK_MEMORY, "link-no-memory")    /* no packet buffer was left */           \
	X(LINK_MALFORMED, "link-malformed") /* a super-packet that cannot be split */ \
	X(LINK_REFUSED, "link-refused")     /* the link did not take what we wrote */ \
	X(LINK_FAILED, "link-failed")       /* calls: reading from it failed */       \
	/* Lost at the sockets: datagrams that arrived. */                            \
	X(SOCKET_QUEUE, "socket-queue-full") /* the kernel's queue, which we read */  \
	X(SOCKET_MEMORY, "socket-no-memory") /* no packet buffer was left */          \
	X(SOCKET_FAILED, "socket-failed")    /* calls: receiving failed */

enum wg_loss {
#define WG_LOSS_ENUM(suffix, name) WG_LOSS_##suffix,
	WG_LOSSES(WG_LOSS_ENUM)
#undef WG_LOSS_ENUM
		WG_LOSS_COUNT
};

/* A place's name, as show prints it. */
const char *wg_loss_name(enum wg_loss loss);

#endif
