{ pkgs, ... }:
{
  networking.hostName = "box";
  boot.loader.grub.devices = [ "/dev/sda" ];
  fileSystems."/" = { device = "/dev/disk/by-label/nixos"; fsType = "ext4"; };
  services.ollama = {
    enable = true;
    package = pkgs.ollama;
  };
  environment.systemPackages = with pkgs; [ htop llama-swap ];
}
