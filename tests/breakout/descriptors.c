/* What its own descriptors can be made to do. */
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <linux/route.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/uio.h>

#include "ways.h"

#define TUN    WG_CONFINE_FD_TUN
#define UDP    WG_CONFINE_FD_IPV4
#define OTHER  WG_BREAKOUT_OTHER
#define BEYOND WG_CONFINE_N_DESCRIPTORS /* EBADF: it would have been used */

/* On loopback, where nobody listens. */
static const struct sockaddr_in somebody = {
	.sin_family = AF_INET, .sin_port = 0x0900, .sin_addr = {0x0100007f}};

WG_WAY(type_on_terminal, SYS_ioctl, WG_BREAKOUT_TERMINAL, TIOCSTI, "x")
WG_WAY(persist, SYS_ioctl, TUN, TUNSETPERSIST, 0)
WG_WAY(own, SYS_ioctl, TUN, TUNSETOWNER, 0)
WG_WAY(tun_namespace, SYS_ioctl, TUN, TUNGETDEVNETNS)
WG_WAY(change_device, SYS_fchmod, TUN, 0666)
WG_WAY(bind_udp, SYS_bind, UDP, &somebody, sizeof(somebody))
WG_WAY(connect_udp, SYS_connect, UDP, &somebody, sizeof(somebody))
WG_WAY(listen_udp, SYS_listen, UDP, 1)
WG_WAY(accept_pair, SYS_accept4, WG_CONFINE_FD_PAIR, NULL, NULL, 0)
WG_WAY(shut_udp, SYS_shutdown, UDP, SHUT_RD)
WG_WAY(copy_descriptor, SYS_dup, UDP)
WG_WAY(copy_beyond, SYS_dup3, UDP, WG_CONFINE_N_DESCRIPTORS - 1, O_CLOEXEC)
WG_WAY(copy_over_pair, SYS_dup3, UDP, WG_CONFINE_FD_INPUT, O_CLOEXEC)
WG_WAY(copy_by_fcntl, SYS_fcntl, UDP, F_DUPFD, 10)
WG_WAY(own_signals, SYS_fcntl, UDP, F_SETOWN, target->keeper)
WG_WAY(be_asynchronous, SYS_fcntl, UDP, F_SETFL, O_ASYNC)
WG_WAY(lease, SYS_fcntl, WG_CONFINE_FD_INPUT, F_SETPIPE_SZ, 4096)
WG_WAY(queue_of_other, SYS_ioctl, OTHER, SIOCOUTQ, NULL)
WG_WAY(send_to_by_other, SYS_sendto, OTHER, "x", 1, MSG_DONTWAIT, NULL, 0)
WG_WAY(send_to_from_pair, SYS_sendto, WG_CONFINE_FD_PAIR, "x", 1, MSG_DONTWAIT, &somebody, 16)
WG_WAY(receive_from_other, SYS_recvfrom, OTHER, NULL, 0, MSG_DONTWAIT, NULL, NULL)
WG_WAY(read_vector, SYS_readv, WG_CONFINE_FD_PAIR, NULL, 0)
WG_WAY(link_of_other, SYS_ioctl, OTHER, TUNGETIFF, NULL)
WG_WAY(offloads_of_other, SYS_ioctl, OTHER, TUNSETOFFLOAD, 0)
WG_WAY(keep_on_exec, SYS_dup3, OTHER, UDP, 0)
WG_WAY(keep6_on_exec, SYS_dup3, OTHER, WG_CONFINE_FD_IPV6, 0)
WG_WAY(read_beyond, SYS_read, BEYOND, NULL, 0)
WG_WAY(write_beyond, SYS_write, BEYOND, NULL, 0)
WG_WAY(block_beyond, SYS_ioctl, BEYOND, FIONBIO, NULL)
WG_WAY(status_beyond, SYS_fcntl, BEYOND, F_GETFL)
WG_WAY(change_status_beyond, SYS_fcntl, BEYOND, F_SETFL, O_NONBLOCK)
WG_WAY(flags_beyond, SYS_fcntl, BEYOND, F_GETFD)
WG_WAY(change_flags_beyond, SYS_fcntl, BEYOND, F_SETFD, 0)
WG_WAY(new_epoll, SYS_epoll_create1, 0)
WG_WAY(new_event, SYS_eventfd2, 0, 0)
WG_WAY(new_timer, SYS_timerfd_create, CLOCK_MONOTONIC, 0)
WG_WAY(splice_descriptors, SYS_splice, TUN, NULL, UDP, NULL, 1, SPLICE_F_NONBLOCK)
WG_WAY(send_file, SYS_sendfile, UDP, WG_CONFINE_FD_INPUT, NULL, 0)

static long other_link(const struct wg_breakout *target)
{
	struct ifreq request = {.ifr_name = "breakout", .ifr_flags = IFF_TUN | IFF_NO_PI};

	(void)target;
	return ioctl(TUN, TUNSETIFF, &request);
}

static long filter_link(const struct wg_breakout *target)
{
	struct sock_filter drop = {BPF_RET | BPF_K, 0, 0, 0};
	struct sock_fprog program = {1, &drop};

	(void)target;
	return ioctl(TUN, TUNATTACHFILTER, &program);
}

static long set_address(const struct wg_breakout *target)
{
	struct ifreq request = {.ifr_name = "lo"};

	(void)target;
	memcpy(&request.ifr_addr, &somebody, sizeof(somebody));
	return ioctl(UDP, SIOCSIFADDR, &request);
}

static long set_flags(const struct wg_breakout *target)
{
	struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP};

	(void)target;
	return ioctl(UDP, SIOCSIFFLAGS, &request);
}

static long list_addresses(const struct wg_breakout *target)
{
	struct ifconf list = {0};

	(void)target;
	return ioctl(UDP, SIOCGIFCONF, &list);
}

static long add_route(const struct wg_breakout *target)
{
	struct rtentry route = {.rt_flags = RTF_UP, .rt_dev = "lo"};

	(void)target;
	memcpy(&route.rt_dst, &somebody, sizeof(somebody));
	memcpy(&route.rt_genmask, &(struct sockaddr_in){AF_INET, 0, {0xffffffff}, {0}}, 16);
	return ioctl(UDP, SIOCADDRT, &route);
}

static long set_option(int level, int name, int value)
{
	return setsockopt(UDP, level, name, &value, sizeof(value));
}

static long set_mark(const struct wg_breakout *target)
{
	(void)target;
	return set_option(SOL_SOCKET, SO_MARK, 7);
}

static long bind_to_device(const struct wg_breakout *target)
{
	(void)target;
	return setsockopt(UDP, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3);
}

static long enlarge_buffer(const struct wg_breakout *target)
{
	(void)target;
	return set_option(SOL_SOCKET, SO_RCVBUFFORCE, 1 << 16);
}

static long broadcast(const struct wg_breakout *target)
{
	(void)target;
	return set_option(SOL_SOCKET, SO_BROADCAST, 1);
}

static long any_source(const struct wg_breakout *target)
{
	(void)target;
	return set_option(IPPROTO_IP, IP_TRANSPARENT, 1);
}

static long encapsulate(const struct wg_breakout *target)
{
	(void)target;
	return set_option(SOL_UDP, UDP_ENCAP, UDP_ENCAP_ESPINUDP);
}

static long filter_socket(const struct wg_breakout *target)
{
	struct sock_filter all = {BPF_RET | BPF_K, 0, 0, UINT32_MAX};
	struct sock_fprog program = {1, &all};

	(void)target;
	return setsockopt(UDP, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program));
}

static long send_with(int fd, int level, int type, int value, const void *to, socklen_t to_len)
{
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(int))];
	} control = {{CMSG_LEN(sizeof(int)), level, type}};
	struct iovec iov = {"x", 1};
	struct msghdr message = {.msg_name = (void *)to,
				 .msg_namelen = to_len,
				 .msg_iov = &iov,
				 .msg_iovlen = 1,
				 .msg_control = type ? &control : NULL,
				 .msg_controllen = type ? sizeof(control) : 0};

	memcpy(CMSG_DATA(&control.header), &value, sizeof(value));
	return sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static long send_marked(const struct wg_breakout *target)
{
	(void)target;
	return send_with(UDP, SOL_SOCKET, SO_MARK, 7, &somebody, sizeof(somebody));
}

static long send_anywhere(const struct wg_breakout *target)
{
	(void)target;
	return send_with(UDP, 0, 0, 0, &somebody, sizeof(somebody));
}

static long send_descriptor(const struct wg_breakout *target)
{
	(void)target;
	return send_with(WG_CONFINE_FD_PAIR, SOL_SOCKET, SCM_RIGHTS, UDP, NULL, 0);
}

/* An IPv4 header and nothing else. */
static long write_packet(const struct wg_breakout *target)
{
	uint8_t packet[20] = {0x45, 0, 0, 20, [8] = 1, [9] = 59};
	struct iovec iov = {packet, sizeof(packet)};

	(void)target;
	return writev(TUN, &iov, 1);
}

static long send_by_other(const struct wg_breakout *target)
{
	(void)target;
	return send_with(OTHER, 0, 0, 0, &somebody, sizeof(somebody));
}

static long send_many_by_other(const struct wg_breakout *target)
{
	struct mmsghdr message = {{(void *)&somebody, sizeof(somebody), NULL, 0, NULL, 0, 0}, 0};

	(void)target;
	return sendmmsg(OTHER, &message, 1, MSG_DONTWAIT);
}

static long receive_by_other(const struct wg_breakout *target)
{
	struct msghdr message = {0};

	(void)target;
	return recvmsg(OTHER, &message, MSG_DONTWAIT);
}

static long receive_many_by_other(const struct wg_breakout *target)
{
	struct mmsghdr message = {0};

	(void)target;
	return recvmmsg(OTHER, &message, 1, MSG_DONTWAIT, NULL);
}

static long ask_other(const struct wg_breakout *target)
{
	int value;
	socklen_t len = sizeof(value);

	(void)target;
	return getsockopt(OTHER, SOL_SOCKET, SO_ERROR, &value, &len);
}

static long ask_mark(const struct wg_breakout *target)
{
	int value;
	socklen_t len = sizeof(value);

	(void)target;
	return getsockopt(UDP, SOL_SOCKET, SO_MARK, &value, &len);
}

static long ask(int fd, int level, int name)
{
	uint32_t values[16];
	socklen_t len = sizeof(values);

	return getsockopt(fd, level, name, values, &len);
}

static long change(int fd, int level, int name)
{
	const int value = 1;

	return setsockopt(fd, level, name, &value, sizeof(value));
}

/* What may be asked or set, on a socket on which it may not. */
static long options_of_other(const struct wg_breakout *target)
{
	(void)target;
	return ask(OTHER, SOL_SOCKET, SO_MEMINFO);
}

static long segments_of_other(const struct wg_breakout *target)
{
	(void)target;
	return ask(OTHER, SOL_UDP, UDP_SEGMENT);
}

static long trains_of_other(const struct wg_breakout *target)
{
	(void)target;
	return change(OTHER, SOL_UDP, UDP_GRO);
}

static long reports_of_other(const struct wg_breakout *target)
{
	(void)target;
	return change(OTHER, IPPROTO_IP, IP_RECVERR);
}

static long reports6_of_other(const struct wg_breakout *target)
{
	(void)target;
	return change(OTHER, IPPROTO_IPV6, IPV6_RECVERR);
}

/* The numbers of what may be asked or set mean something else elsewhere. */
static long ask_options(const struct wg_breakout *target)
{
	(void)target;
	return ask(UDP, IPPROTO_IP, IP_OPTIONS);
}

static long ask_cork(const struct wg_breakout *target)
{
	(void)target;
	return ask(UDP, SOL_UDP, UDP_CORK);
}

static long ask_memory_elsewhere(const struct wg_breakout *target)
{
	(void)target;
	return ask(UDP, SOL_UDP, SO_MEMINFO);
}

static long ask_segments_elsewhere(const struct wg_breakout *target)
{
	(void)target;
	return ask(UDP, IPPROTO_IP, UDP_SEGMENT);
}

static long change_trains_elsewhere(const struct wg_breakout *target)
{
	(void)target;
	return change(UDP, SOL_SOCKET, UDP_GRO);
}

static long change_checksums(const struct wg_breakout *target)
{
	(void)target;
	return change(UDP, SOL_SOCKET, SO_NO_CHECK);
}

static long change_fragments(const struct wg_breakout *target)
{
	(void)target;
	return change(UDP, IPPROTO_IP, IP_RECVFRAGSIZE);
}

static long change_hops(const struct wg_breakout *target)
{
	(void)target;
	return change(WG_CONFINE_FD_IPV6, IPPROTO_IPV6, IPV6_UNICAST_HOPS);
}

static long write_vector_by_other(const struct wg_breakout *target)
{
	struct iovec iov = {"x", 1};

	(void)target;
	return writev(OTHER, &iov, 1);
}

static long write_to_log(const struct wg_breakout *target)
{
	(void)target;
	return write(WG_CONFINE_FD_LOG, "", 1);
}

static const struct wg_way ways[] = {
	{"ioctl TIOCSTI", type_on_terminal},
	{"ioctl TUNSETIFF", other_link, EEXIST},
	{"ioctl TUNSETPERSIST", persist},
	{"ioctl TUNSETOWNER", own},
	{"ioctl TUNATTACHFILTER", filter_link, EINVAL},
	{"ioctl TUNGETDEVNETNS", tun_namespace},
	{"ioctl SIOCSIFADDR", set_address},
	{"ioctl SIOCSIFFLAGS", set_flags},
	{"ioctl SIOCADDRT", add_route},
	{"ioctl SIOCGIFCONF", list_addresses},
	{"fchmod of /dev/net/tun", change_device},
	{"bind its UDP socket anew", bind_udp, EINVAL},
	{"connect its UDP socket", connect_udp},
	{"listen", listen_udp, EOPNOTSUPP},
	{"accept", accept_pair, EINVAL},
	{"shutdown", shut_udp, ENOTCONN},
	{"SO_MARK", set_mark},
	{"SO_MARK of one datagram", send_marked, .passes_filter = true},
	{"SO_BINDTODEVICE", bind_to_device},
	{"SO_RCVBUFFORCE", enlarge_buffer},
	{"SO_BROADCAST", broadcast},
	{"SO_ATTACH_FILTER", filter_socket},
	{"IP_TRANSPARENT", any_source},
	{"UDP_ENCAP", encapsulate},
	{"sendmsg on another socket", send_by_other},
	{"sendmmsg on another socket", send_many_by_other},
	{"sendto on another socket", send_to_by_other, EDESTADDRREQ},
	{"sendto with an address on the pair", send_to_from_pair},
	{"recvmsg on another socket", receive_by_other, EAGAIN},
	{"recvmmsg on another socket", receive_many_by_other, EAGAIN},
	{"recvfrom on another socket", receive_from_other, EAGAIN},
	{"getsockopt on another socket", ask_other},
	{"getsockopt SO_MARK", ask_mark},
	{"ioctl SIOCOUTQ on another socket", queue_of_other, EFAULT},
	{"writev on another socket", write_vector_by_other, EDESTADDRREQ},
	{"SO_MEMINFO of another socket", options_of_other},
	{"UDP_SEGMENT of another socket", segments_of_other},
	{"UDP_GRO on another socket", trains_of_other},
	{"IP_RECVERR on another socket", reports_of_other},
	{"IPV6_RECVERR on another socket", reports6_of_other, ENOPROTOOPT},
	{"IP_OPTIONS", ask_options},
	{"UDP_CORK", ask_cork},
	{"SO_MEMINFO of another level", ask_memory_elsewhere, ENOPROTOOPT},
	{"UDP_SEGMENT of another level", ask_segments_elsewhere, ENOPROTOOPT},
	{"UDP_GRO of another level", change_trains_elsewhere, ENOPROTOOPT},
	{"SO_NO_CHECK", change_checksums},
	{"IP_RECVFRAGSIZE", change_fragments},
	{"IPV6_UNICAST_HOPS", change_hops},
	{"ioctl TUNGETIFF on a socket", link_of_other, ENOTTY},
	{"ioctl TUNSETOFFLOAD on a socket", offloads_of_other, ENOTTY},
	{"dup3 without O_CLOEXEC", keep_on_exec},
	{"dup3 without O_CLOEXEC, IPv6", keep6_on_exec},
	{"read a descriptor beyond", read_beyond, EBADF},
	{"write to a descriptor beyond", write_beyond, EBADF},
	{"ioctl FIONBIO beyond", block_beyond, EBADF},
	{"fcntl F_GETFL beyond", status_beyond, EBADF},
	{"fcntl F_SETFL beyond", change_status_beyond, EBADF},
	{"fcntl F_GETFD beyond", flags_beyond, EBADF},
	{"fcntl F_SETFD beyond", change_flags_beyond, EBADF},
	{"readv", read_vector},
	{"dup", copy_descriptor},
	{"dup3 to another number", copy_beyond},
	{"dup3 over its input", copy_over_pair},
	{"fcntl F_DUPFD", copy_by_fcntl},
	{"fcntl F_SETOWN", own_signals},
	{"fcntl O_ASYNC", be_asynchronous},
	{"fcntl F_SETPIPE_SZ", lease, EBADF},
	{"epoll_create1", new_epoll},
	{"eventfd2", new_event},
	{"timerfd_create", new_timer},
	{"splice", splice_descriptors, EINVAL},
	{"sendfile", send_file, EINVAL},
	{"send a descriptor to the keeper", send_descriptor, 0,
	 "the keeper receives without room for descriptors: the kernel drops it"},
	{"a datagram to any address", send_anywhere, 0, "it is what its sockets are for"},
	{"a packet into the link", write_packet, 0, "it is what its TUN device is for"},
	{"a line on standard error", write_to_log, 0, "what libc says at the end of a process"},
};

const struct wg_ways wg_ways_by_descriptors = WG_WAYS(ways);
