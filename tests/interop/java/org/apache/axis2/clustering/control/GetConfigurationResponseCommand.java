package org.apache.axis2.clustering.control;

import org.apache.axis2.context.ConfigurationContext;

/** The service groups; Java computes its version, for which it counts that the class has a static initializer. */
public class GetConfigurationResponseCommand extends ControlCommand {
    private static final Object log = new Object();

    private String[] serviceGroups;

    public void execute(ConfigurationContext context) {
    }

    public void setServiceGroups(String[] serviceGroups) {
        this.serviceGroups = serviceGroups;
    }

    public String toString() {
        return "GetConfigurationResponseCommand";
    }
}
