package io.wscluster.testbed;

import com.alibaba.nacos.auth.AuthManager;
import com.alibaba.nacos.auth.model.Permission;
import com.alibaba.nacos.auth.model.User;
import com.alibaba.nacos.consistency.cp.RequestProcessor4CP;
import com.alibaba.nacos.core.code.ControllerMethodsCache;
import com.alibaba.nacos.core.distributed.raft.JRaftProtocol;
import com.alibaba.nacos.naming.NamingApp;
import java.util.Collection;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.boot.web.servlet.ServletComponentScan;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.ComponentScan;
import org.springframework.context.annotation.FilterType;
import org.springframework.scheduling.annotation.EnableScheduling;

/** The server of Nacos 2.0.4 without its console, which is in no public repository and does all of this otherwise. */
@SpringBootApplication
@ComponentScan(
    basePackages = "com.alibaba.nacos",
    excludeFilters = @ComponentScan.Filter(type = FilterType.ASSIGNABLE_TYPE, classes = NamingApp.class))
@ServletComponentScan("com.alibaba.nacos")
@EnableScheduling
public class Nacos {
  public static void main(String[] args) throws ReflectiveOperationException {
    var context = SpringApplication.run(Nacos.class, args);
    var methods = context.getBean(ControllerMethodsCache.class);
    methods.initClassMethod("com.alibaba.nacos.naming.controllers");
    methods.initClassMethod("com.alibaba.nacos.core.controller");
    startRaftGroups(context.getBean(JRaftProtocol.class), context.getBeansOfType(RequestProcessor4CP.class).values());
  }

  /** This build of Nacos leaves out the one line that does this, and without it no persistent instance can be kept. */
  private static void startRaftGroups(JRaftProtocol protocol, Collection<RequestProcessor4CP> processors)
      throws ReflectiveOperationException {
    var server = JRaftProtocol.class.getDeclaredField("raftServer");
    server.setAccessible(true);
    var create = server.getType().getDeclaredMethod("createMultiRaftGroup", Collection.class);
    create.setAccessible(true);
    create.invoke(server.get(protocol), processors);
  }

  @Bean
  public AuthManager everybodyMay() {
    return new AuthManager() {
      @Override
      public User login(Object request) {
        return new User();
      }

      @Override
      public User loginRemote(Object request) {
        return new User();
      }

      @Override
      public void auth(Permission permission, User user) {}
    };
  }
}
