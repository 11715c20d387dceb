package org.apache.axis2.clustering.control;

import org.apache.axis2.clustering.state.StateClusteringCommand;
import org.apache.axis2.context.ConfigurationContext;

/** The state; Java computes its version, for which it counts that the class has a static initializer. */
public class GetStateResponseCommand extends ControlCommand {
    private static final Object log = new Object();

    private StateClusteringCommand[] commands;

    public void execute(ConfigurationContext context) {
    }

    public void setCommands(StateClusteringCommand[] commands) {
        this.commands = commands;
    }

    public String toString() {
        return "GetStateResponseCommand";
    }
}
