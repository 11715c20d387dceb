package org.apache.axis2.clustering.control;

import org.apache.axis2.context.ConfigurationContext;

/** Asks for the service groups; Java computes its version. */
public class GetConfigurationCommand extends ControlCommand {
    private String[] serviceGroupNames;

    public void execute(ConfigurationContext context) {
    }

    public String[] getServiceGroupNames() {
        return serviceGroupNames;
    }

    public String toString() {
        return "GetConfigurationCommand";
    }
}
