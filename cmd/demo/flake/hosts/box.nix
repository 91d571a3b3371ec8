{ pkgs, ... }:
{
  networking.hostName = "box";
  services.ollama = {
    enable = true;
    package = pkgs.ollama;
  };
  environment.systemPackages = with pkgs; [ htop llama-swap ];
}
