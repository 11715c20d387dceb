package org.apache.axis2.clustering.control.wka;

import org.apache.axis2.clustering.control.ControlCommand;
import org.apache.axis2.context.ConfigurationContext;
import org.apache.catalina.tribes.Member;

/** MEMBER_JOINED. */
public class MemberJoinedCommand extends ControlCommand {
    private static final long serialVersionUID = -6596472883950279349L;

    private Member member;

    public void setMember(Member member) {
        this.member = member;
    }

    public Member getMember() {
        return member;
    }

    public void execute(ConfigurationContext context) {
    }
}
