package org.apache.axis2.clustering.control;

import org.apache.axis2.clustering.state.StateClusteringCommand;
import org.apache.axis2.context.ConfigurationContext;

/** Asks for the state; Java computes its version. */
public class GetStateCommand extends ControlCommand {
    private StateClusteringCommand[] commands;

    public void execute(ConfigurationContext context) {
    }

    public StateClusteringCommand[] getCommands() {
        return commands;
    }

    public String toString() {
        return "GetStateCommand";
    }
}
