/* SPDX-License-Identifier: MIT */
/*
 * wan: two network namespaces with real TCP between them and a round trip time of one's choice.
 * Each has a TUN device; this process carries every packet from one to the other, later.  Nothing
 * has a name in the system: with the last process in a namespace, namespace and device are gone.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MTU = 1500, QUEUE = 8192 };

struct packet {
    uint64_t due_ns;
    size_t len;
    unsigned char bytes[MTU + 36];
};

/* One direction: packets wait in a ring, the oldest first, all for the same time. */
struct direction {
    int from, to;
    size_t head, count;
    struct packet *ring;
};

static const char *const address[2] = {"10.99.0.1", "10.99.0.2"};
static uint64_t delay_ns, lost, carried;
static double loss;
static const char *congestion = "reno";

static _Noreturn void die(const char *what)
{
    fprintf(stderr, "wan: %s: %s\n", what, strerror(errno));
    exit(69);
}

static uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000U + (uint64_t)now.tv_nsec;
}

/* ---- The two sides ---- */

static void write_file(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0 || write(fd, text, strlen(text)) < 0)
        die(path);
    close(fd);
}

/* Without root, a user namespace in which we are root may have network namespaces. */
static void become_root(void)
{
    char map[64];
    unsigned uid = getuid(), gid = getgid();
    if (unshare(CLONE_NEWUSER))
        die("user namespaces are not allowed here");
    write_file("/proc/self/setgroups", "deny");
    snprintf(map, sizeof map, "0 %u 1", uid);
    write_file("/proc/self/uid_map", map);
    snprintf(map, sizeof map, "0 %u 1", gid);
    write_file("/proc/self/gid_map", map);
}

static void set_address(int inet, struct ifreq *request, unsigned long what, const char *text)
{
    struct sockaddr_in at = {.sin_family = AF_INET};
    inet_pton(AF_INET, text, &at.sin_addr);
    memcpy(&request->ifr_addr, &at, sizeof at);
    if (ioctl(inet, what, request))
        die("address");
}

static void bring_up(int inet, const char *name)
{
    struct ifreq request = {0};
    snprintf(request.ifr_name, sizeof request.ifr_name, "%s", name);
    request.ifr_flags = IFF_UP | IFF_RUNNING;
    if (ioctl(inet, SIOCSIFFLAGS, &request))
        die(name);
}

/* A TUN device in this process's namespace; it goes on working for who holds the descriptor. */
static int make_device(int side)
{
    struct ifreq request = {.ifr_flags = IFF_TUN | IFF_NO_PI};
    snprintf(request.ifr_name, sizeof request.ifr_name, "wan0");
    int tun = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (tun < 0 || ioctl(tun, TUNSETIFF, &request))
        die("/dev/net/tun");
    int inet = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (inet < 0)
        die("socket");
    set_address(inet, &request, SIOCSIFADDR, address[side]);
    set_address(inet, &request, SIOCSIFNETMASK, "255.255.255.252");
    request.ifr_mtu = MTU;
    if (ioctl(inet, SIOCSIFMTU, &request))
        die("mtu");
    bring_up(inet, "wan0");
    bring_up(inet, "lo");
    close(inet);
    return tun;
}

/* The system's own search for routers would be counted among the packets. */
static void no_ipv6(void)
{
    static const char path[] = "/proc/sys/net/ipv6/conf/default/disable_ipv6";
    if (access(path, W_OK) == 0)
        write_file(path, "1");
}

/* BBR, where it is the system's default, paces the first flights: 1.2 round trips for 8 KB. */
static void choose_congestion(void)
{
    write_file("/proc/sys/net/ipv4/tcp_congestion_control", congestion);
}

static void send_descriptor(int channel, int fd)
{
    char byte = 0, room[CMSG_SPACE(sizeof fd)] = {0};
    struct iovec part = {&byte, 1};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof room};
    struct cmsghdr *head = CMSG_FIRSTHDR(&message);
    head->cmsg_level = SOL_SOCKET;
    head->cmsg_type = SCM_RIGHTS;
    head->cmsg_len = CMSG_LEN(sizeof fd);
    memcpy(CMSG_DATA(head), &fd, sizeof fd);
    if (sendmsg(channel, &message, 0) != 1)
        die("sendmsg");
}

static int receive_descriptor(int channel)
{
    int fd = -1;
    char byte, room[CMSG_SPACE(sizeof fd)];
    struct iovec part = {&byte, 1};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof room};
    if (recvmsg(channel, &message, MSG_CMSG_CLOEXEC) != 1)
        exit(69); /* the child has said why */
    struct cmsghdr *head = CMSG_FIRSTHDR(&message);
    if (head)
        memcpy(&fd, CMSG_DATA(head), sizeof fd);
    return fd;
}

/* A process that holds a namespace open until we are gone; returns its pid and its device. */
static pid_t hold(int side, int *tun)
{
    int channel[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, channel))
        die("socketpair");
    pid_t parent = getpid(), pid = fork();
    if (pid < 0)
        die("fork");
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent)
            exit(69);
        close(channel[0]);
        if (unshare(CLONE_NEWNET))
            die("network namespaces are not allowed here");
        choose_congestion();
        no_ipv6();
        int device = make_device(side);
        send_descriptor(channel[1], device);
        close(device);
        for (;;)
            pause();
    }
    close(channel[1]);
    *tun = receive_descriptor(channel[0]);
    close(channel[0]);
    return pid;
}

/* ---- The shuttle ---- */

static void take_in(struct direction *d)
{
    while (d->count < QUEUE) {
        struct packet *packet = &d->ring[(d->head + d->count) % QUEUE];
        ssize_t got = read(d->from, packet->bytes, sizeof packet->bytes);
        if (got <= 0)
            return;
        if (loss > 0 && drand48() < loss) {
            lost++;
            continue;
        }
        packet->len = (size_t)got;
        packet->due_ns = now_ns() + delay_ns;
        d->count++;
    }
}

static void hand_out(struct direction *d)
{
    uint64_t now = now_ns();
    while (d->count && d->ring[d->head].due_ns <= now) {
        struct packet *packet = &d->ring[d->head];
        if (write(d->to, packet->bytes, packet->len) < 0 && errno == EAGAIN)
            return;
        d->head = (d->head + 1) % QUEUE;
        d->count--;
        carried++;
    }
}

/* Time until the next packet is due; false when none waits. */
static bool next_due(const struct direction *d, struct timespec *wait)
{
    uint64_t due = UINT64_MAX, now = now_ns();
    for (int i = 0; i < 2; i++)
        if (d[i].count && d[i].ring[d[i].head].due_ns < due)
            due = d[i].ring[d[i].head].due_ns;
    uint64_t left = due == UINT64_MAX ? 0 : due > now ? due - now : 0;
    wait->tv_sec = (time_t)(left / 1000000000U);
    wait->tv_nsec = (long)(left % 1000000000U);
    return due != UINT64_MAX;
}

static void print_counters(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    double cpu = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
                 (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
    printf("{\"carried\": %ju, \"lost\": %ju, \"cpu\": %.6f}\n", (uintmax_t)carried,
           (uintmax_t)lost, cpu);
    fflush(stdout);
}

static void shuttle(int client, int server)
{
    struct direction d[2] = {{.from = client, .to = server}, {.from = server, .to = client}};
    for (int i = 0; i < 2; i++)
        if (!(d[i].ring = malloc(QUEUE * sizeof *d[i].ring)))
            die("memory");
    /* Where we may, go before whatever else runs: a late packet is a longer way. */
    struct sched_param first = {.sched_priority = 1};
    sched_setscheduler(0, SCHED_FIFO, &first);
    prctl(PR_SET_TIMERSLACK, 1);
    for (;;) {
        struct pollfd watched[3] = {
            {.fd = STDIN_FILENO, .events = POLLIN},
            {.fd = client, .events = d[0].count < QUEUE ? POLLIN : 0},
            {.fd = server, .events = d[1].count < QUEUE ? POLLIN : 0},
        };
        struct timespec wait;
        bool waiting = next_due(d, &wait);
        if (ppoll(watched, 3, waiting ? &wait : NULL, NULL) < 0 && errno != EINTR)
            die("ppoll");
        if (watched[0].revents) {
            char byte;
            if (read(STDIN_FILENO, &byte, 1) <= 0)
                return;
            print_counters();
        }
        take_in(&d[0]);
        take_in(&d[1]);
        hand_out(&d[0]);
        hand_out(&d[1]);
    }
}

static const char help[] =
    "usage: wan [--rtt MILLISECONDS] [--loss SHARE] [--congestion NAME]\n"
    "\n"
    "Makes two network namespaces with a way between them, says in one JSON line how to run a "
    "command\n"
    "in each (nsenter NSENTER… -t PID -n -- command), and carries their packets until its input\n"
    "ends.  A byte on its input asks for its counters.  Needs root or user namespaces, and "
    "/dev/net/tun;\n"
    "exit code 69 where they are not to be had.  SHARE of the packets is lost, the same ones each "
    "time.\n";

int main(int argc, char **argv)
{
    double rtt_ms = 20;
    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--rtt") && i + 1 < argc)
            rtt_ms = atof(argv[++i]);
        else if (!strcmp(argv[i], "--loss") && i + 1 < argc)
            loss = atof(argv[++i]);
        else if (!strcmp(argv[i], "--congestion") && i + 1 < argc)
            congestion = argv[++i];
        else {
            bool asked = !strcmp(argv[i], "--help");
            fputs(help, asked ? stdout : stderr);
            return asked ? 0 : 64;
        }
    }
    delay_ns = (uint64_t)(rtt_ms * 1e6 / 2);
    srand48(1);
    bool root = geteuid() == 0;
    if (!root)
        become_root();
    int tun[2];
    pid_t client = hold(0, &tun[0]), server = hold(1, &tun[1]);
    printf("{\"client\": %d, \"server\": %d, \"server_address\": \"%s\", \"nsenter\": [%s]}\n",
           (int)client, (int)server, address[1], root ? "" : "\"-U\", \"--preserve-credentials\"");
    fflush(stdout);
    shuttle(tun[0], tun[1]);
    kill(client, SIGKILL);
    kill(server, SIGKILL);
    return 0;
}
