package interop;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.Serializable;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.catalina.tribes.Channel;
import org.apache.catalina.tribes.ChannelMessage;
import org.apache.catalina.tribes.Member;
import org.apache.catalina.tribes.MembershipListener;
import org.apache.catalina.tribes.group.GroupChannel;
import org.apache.catalina.tribes.group.Response;
import org.apache.catalina.tribes.group.RpcCallback;
import org.apache.catalina.tribes.group.RpcChannel;
import org.apache.catalina.tribes.group.interceptors.NonBlockingCoordinator;
import org.apache.catalina.tribes.group.interceptors.StaticMembershipInterceptor;
import org.apache.catalina.tribes.group.interceptors.TcpFailureDetector;
import org.apache.catalina.tribes.group.interceptors.TcpPingInterceptor;
import org.apache.catalina.tribes.membership.McastService;
import org.apache.catalina.tribes.membership.StaticMember;
import org.apache.catalina.tribes.transport.ReceiverBase;

/**
 * A real member of a cluster: static peers, the failure detector, and an RPC channel that answers a text with
 * {@code re: <text>}, and {@code sleep MILLISECONDS} so much later. Tells what happens in JSON lines; takes {@code call HOST:PORT TEXT} and {@code quit} from
 * standard input, whose end is a quit. With a coordinator on top, as two of the profiles have it, {@code election} tells
 * how many of its messages have come and which view it has accepted.
 */
final class ClusterMember implements MembershipListener, RpcCallback {
    private final GroupChannel channel = new GroupChannel();
    private final List<Member> peers = new ArrayList<>();
    private final String host;
    private final int port;
    private String domain = "wso2.esb.domain";
    private String rpcId = "wso2.esb.domain:rpc.membership.channel";
    private long interval = 500;
    private Coordinator coordinator;

    /** The library's coordinator, and a count of what it receives. */
    private static final class Coordinator extends NonBlockingCoordinator {
        private final AtomicLong received = new AtomicLong();

        @Override
        public void messageReceived(ChannelMessage message) {
            received.incrementAndGet();
            super.messageReceived(message);
        }
    }

    ClusterMember(String host, int port, String[] options) throws Exception {
        this.host = host;
        this.port = port;
        List<String> addresses = new ArrayList<>();
        for (int index = 0; index < options.length; index += 2) {
            String value = options[index + 1];
            switch (options[index]) {
                case "--peer":
                    addresses.add(value);
                    break;
                case "--domain":
                    domain = value;
                    break;
                case "--rpc":
                    rpcId = value;
                    break;
                case "--coordinator":
                    coordinator = Boolean.parseBoolean(value) ? new Coordinator() : null;
                    break;
                case "--interval-ms":
                    interval = Long.parseLong(value);
                    break;
                default:
                    throw new IllegalArgumentException("no option " + options[index]);
            }
        }
        for (String address : addresses) {
            peers.add(peer(address));
        }
    }

    void run() throws Exception {
        ReceiverBase receiver = (ReceiverBase) channel.getChannelReceiver();
        receiver.setAddress(host);
        receiver.setPort(port);
        receiver.setAutoBind(0);
        byte[] domainBytes = domain.getBytes(StandardCharsets.UTF_8);
        byte[] payload = "httpPort=8280\n".getBytes(StandardCharsets.ISO_8859_1);
        if (coordinator == null) {
            McastService membership = (McastService) channel.getMembershipService();
            membership.setDomain(domainBytes);
            membership.setPayload(payload);
        } else {
            channel.setMembershipService(new WellKnownService(domainBytes, payload));
            channel.addInterceptor(coordinator);
        }
        TcpPingInterceptor ping = new TcpPingInterceptor();
        ping.setInterval(interval);
        ping.setUseThread(true);
        StaticMembershipInterceptor members = new StaticMembershipInterceptor();
        peers.forEach(members::addStaticMember);
        channel.addInterceptor(ping);
        channel.addInterceptor(new TcpFailureDetector());
        channel.addInterceptor(members);
        channel.setHeartbeatSleeptime(interval);
        channel.addMembershipListener(this);
        RpcChannel rpc = new RpcChannel(rpcId.getBytes(StandardCharsets.UTF_8), channel, this);
        channel.start(Channel.SND_RX_SEQ | Channel.SND_TX_SEQ);
        tell("started", "member", channel.getLocalMember(false).getName());
        obey(rpc);
        channel.stop(Channel.SND_RX_SEQ | Channel.SND_TX_SEQ);
        tell("stopped");
    }

    private void obey(RpcChannel rpc) throws Exception {
        BufferedReader input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = input.readLine(); line != null; line = input.readLine()) {
            String[] words = line.split(" ", 3);
            if (words[0].equals("quit")) {
                return;
            }
            if (line.equals("election") && coordinator != null) {
                List<String> view = new ArrayList<>();
                for (Member member : coordinator.getView()) {
                    view.add(address(member));
                }
                tell("election", "received", coordinator.received.toString(), "view", String.join(" ", view));
                continue;
            }
            if (!words[0].equals("call") || words.length != 3) {
                tell("not understood", "line", line);
                continue;
            }
            try {
                Response[] responses = rpc.send(
                        new Member[] {peer(words[1])}, words[2], RpcChannel.ALL_REPLY, 0, 5000);
                for (Response response : responses) {
                    tell("reply", "from", address(response.getSource()), "text", String.valueOf(response.getMessage()));
                }
                if (responses.length == 0) {
                    tell("no reply", "from", words[1]);
                }
            } catch (Exception error) {
                tell("call failed", "from", words[1], "reason", String.valueOf(error.getMessage()));
            }
        }
    }

    private Member peer(String address) throws Exception {
        int colon = address.lastIndexOf(':');
        int peerPort = Integer.parseInt(address.substring(colon + 1));
        StaticMember member = new StaticMember(address.substring(0, colon), peerPort, 0);
        member.setDomain(domain.getBytes(StandardCharsets.UTF_8));
        member.setPayload("ping".getBytes(StandardCharsets.US_ASCII));
        return member;
    }

    @Override
    public void memberAdded(Member member) {
        tell("memberAdded", "member", address(member));
    }

    @Override
    public void memberDisappeared(Member member) {
        tell("memberDisappeared", "member", address(member));
    }

    @Override
    public Serializable replyRequest(Serializable message, Member sender) {
        tell("request", "from", address(sender), "text", String.valueOf(message));
        if (message instanceof String && ((String) message).startsWith("sleep ")) {
            try {
                Thread.sleep(Long.parseLong(((String) message).substring(6)));
            } catch (InterruptedException error) {
                Thread.currentThread().interrupt();
            }
            tell("slept", "from", address(sender), "text", String.valueOf(message));
        }
        return message instanceof String ? "re: " + message : null;
    }

    @Override
    public void leftOver(Serializable message, Member sender) {
        tell("late reply", "from", address(sender), "text", String.valueOf(message));
    }

    private static String address(Member member) {
        StringBuilder out = new StringBuilder();
        for (byte octet : member.getHost()) {
            out.append(out.length() == 0 ? "" : ".").append(octet & 0xFF);
        }
        return out.append(':').append(member.getPort()).toString();
    }

    private static void tell(String event, String... facts) {
        Map<String, Object> line = new LinkedHashMap<>();
        line.put("event", event);
        for (int index = 0; index < facts.length; index += 2) {
            line.put(facts[index], facts[index + 1]);
        }
        synchronized (System.out) {
            System.out.println(Json.write(line));
            System.out.flush();
        }
    }
}
