package interop;

import java.io.IOException;
import org.apache.catalina.tribes.ChannelMessage;
import org.apache.catalina.tribes.Member;
import org.apache.catalina.tribes.MembershipProvider;
import org.apache.catalina.tribes.membership.MemberImpl;
import org.apache.catalina.tribes.membership.MembershipServiceBase;

/**
 * A membership service that announces nobody and only knows the local member, as clusters with well-known members
 * have it. The local member keeps a unique id of zeros, so that it equals the descriptors that its peers make of it.
 */
final class WellKnownService extends MembershipServiceBase {
    private final byte[] domain;
    private final byte[] payload;
    private MemberImpl local;

    WellKnownService(byte[] domain, byte[] payload) {
        this.domain = domain;
        this.payload = payload;
    }

    @Override
    public void setLocalMemberProperties(String host, int port, int securePort, int udpPort) {
        try {
            if (local == null) {
                local = new MemberImpl(host, port, 0);
                local.setDomain(domain);
                local.setPayload(payload);
            }
        } catch (IOException error) {
            throw new IllegalStateException(error);
        }
    }

    @Override
    public Member getLocalMember(boolean alive) {
        return local;
    }

    @Override
    public void start() {
    }

    @Override
    public void start(int level) {
    }

    @Override
    public void stop(int level) {
    }

    @Override
    public boolean hasMembers() {
        return false;
    }

    @Override
    public Member getMember(Member member) {
        return null;
    }

    @Override
    public Member[] getMembers() {
        return new Member[0];
    }

    @Override
    public void setPayload(byte[] ignored) {
    }

    @Override
    public void setDomain(byte[] ignored) {
    }

    @Override
    public void broadcast(ChannelMessage message) {
        throw new UnsupportedOperationException("there is no multicast here");
    }

    @Override
    public MembershipProvider getMembershipProvider() {
        return null;
    }
}
