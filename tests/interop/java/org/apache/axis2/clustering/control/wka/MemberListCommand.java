package org.apache.axis2.clustering.control.wka;

import org.apache.axis2.clustering.control.ControlCommand;
import org.apache.axis2.context.ConfigurationContext;
import org.apache.catalina.tribes.Member;

/** MEMBER_LIST. */
public class MemberListCommand extends ControlCommand {
    private static final long serialVersionUID = 5687720124889269491L;

    private Member[] members;

    public void setMembers(Member[] members) {
        this.members = members;
    }

    public Member[] getMembers() {
        return members;
    }

    public void execute(ConfigurationContext context) {
    }
}
