/* The flags for TUNSETOFFLOAD. Only this folder includes it. */
#ifndef WG_TUN_FEATURES_H
#define WG_TUN_FEATURES_H

#include <linux/if_tun.h>

/* Since Linux 6.2. */
#ifndef TUN_F_USO4
#define TUN_F_USO4 0x20
#define TUN_F_USO6 0x40
#endif

#define WG_TUN_F_TSO (TUN_F_TSO4 | TUN_F_TSO6)
#define WG_TUN_F_USO (TUN_F_USO4 | TUN_F_USO6)

#endif
